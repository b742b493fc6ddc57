//! The set of enabled tasks: one bit for each task, and one for each word of those.
//!
//! Changed by whoever enables a task or holds it back, read by the policies at each decision.
//! Programs of up to 64 tasks have a single word. In larger ones most words may be empty: a
//! second set, the *summary*, says which words are not, so that a decision looks at these
//! alone and costs nothing for tasks that wait or have ended.
//!
//! ```text
//!  summary | word 0 | word 1 | ...
//! ```
//!
//! 1. The summary has the bit of every word that is not empty. It may have more: who takes the
//!    last task out of a word leaves the bit, and [`tidy`](Kernel::tidy) removes it.
//! 2. Where there are more than 64 words, a bit stands for several neighbours.
//!
//! When a process dies here, the sets lie in the arena as they were.

use super::state::Kernel;

/// Words before the first of the set itself, of which the last is the summary: so many that
/// the set begins with a cache line.
pub(in crate::kernel) const BEFORE: usize = 8;

/// For how many words, as a power of two, a bit of the summary stands.
pub(in crate::kernel) fn coarseness(stride: usize) -> u32 {
    stride.div_ceil(64).next_power_of_two().ilog2()
}

/// All words of a set may have bits from now on.
///
/// # Safety
/// `enabled` is the set of a kernel, and the caller has the turn.
pub(in crate::kernel) unsafe fn fill_summary(enabled: *mut u64) {
    // SAFETY: the summary lies before the set.
    unsafe { *enabled.sub(1) = !0 };
}

/// The words of the set that are not empty, with their places, ascending. Where `ONE`, there
/// is a single word.
pub(in crate::kernel) struct Words<'k, const ONE: bool> {
    enabled: &'k [u64],
    summary: u64,
    coarse: u32,
    at: usize,
    end: usize,
}

impl<const ONE: bool> Iterator for Words<'_, ONE> {
    type Item = (usize, u64);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, u64)> {
        if ONE {
            return (std::mem::take(&mut self.summary) != 0).then(|| (0, self.enabled[0]));
        }
        loop {
            while self.at < self.end {
                let index = self.at;
                self.at += 1;
                if self.enabled[index] != 0 {
                    return Some((index, self.enabled[index]));
                }
            }
            if self.summary == 0 {
                return None;
            }
            self.at = (self.summary.trailing_zeros() as usize) << self.coarse;
            self.end = self.enabled.len().min(self.at + (1 << self.coarse));
            self.summary &= self.summary - 1;
        }
    }
}

impl Kernel {
    #[inline(always)]
    pub(in crate::kernel) fn set_enabled(&mut self, task: usize) {
        // SAFETY: task < capacity = 64 * stride; the summary lies before the set.
        unsafe {
            *self.parts.enabled.add(task / 64) |= 1 << (task % 64);
            *self.parts.enabled.sub(1) |= 1 << ((task / 64) >> self.coarse);
        }
    }

    #[inline(always)]
    pub(in crate::kernel) fn clear_enabled(&mut self, task: usize) {
        // SAFETY: as in `set_enabled`.
        unsafe { *self.parts.enabled.add(task / 64) &= !(1 << (task % 64)) };
    }

    #[inline(always)]
    pub(in crate::kernel) fn is_enabled(&self, task: usize) -> bool {
        // SAFETY: as in `set_enabled`; a task number from outside is checked here.
        task < self.tasks as usize && unsafe { *self.parts.enabled.add(task / 64) } >> (task % 64) & 1 == 1
    }

    /// The bitset of enabled tasks.
    #[inline(always)]
    pub(in crate::kernel) fn enabled(&self) -> &[u64] {
        // SAFETY: words <= stride, the length of `enabled`.
        unsafe { std::slice::from_raw_parts(self.parts.enabled, self.words as usize) }
    }

    /// Its words that are not empty.
    #[inline(always)]
    pub(in crate::kernel) fn enabled_words<const ONE: bool>(&self) -> Words<'_, ONE> {
        let words = if ONE { 1 } else { self.words as usize };
        // SAFETY: words <= stride, the length of `enabled`, which is at least 1; the summary
        // lies before it.
        let (enabled, summary) = unsafe {
            let enabled = std::slice::from_raw_parts(self.parts.enabled, words);
            (enabled, if ONE { 1 } else { *self.parts.enabled.sub(1) })
        };
        Words { enabled, summary, coarse: self.coarse, at: 0, end: 0 }
    }

    /// Empties the set.
    pub(in crate::kernel) fn disable_all(&mut self) {
        for word in 0..self.words as usize {
            // SAFETY: as in `enabled`.
            unsafe { *self.parts.enabled.add(word) = 0 };
        }
        // SAFETY: as in `set_enabled`.
        unsafe { *self.parts.enabled.sub(1) = 0 };
    }

    /// Removes the bits of empty words from the summary, and returns it: 0 if nobody is enabled.
    #[inline]
    pub(in crate::kernel) fn tidy(&mut self) -> u64 {
        let mut summary = 0;
        for (index, _) in self.enabled_words::<false>() {
            summary |= 1 << (index >> self.coarse);
        }
        // SAFETY: as in `set_enabled`.
        unsafe { *self.parts.enabled.sub(1) = summary };
        summary
    }
}
