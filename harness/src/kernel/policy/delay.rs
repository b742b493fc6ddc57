//! Round robin over the tasks in the order of their numbers, without preemption: who
//! runs goes on until it cannot. A mark delays whoever would go on: the next takes its
//! place.

use crate::kernel::data::state::Kernel;

impl Kernel {
    #[inline(never)]
    pub(super) fn choose_delayed(&mut self) -> usize {
        let current = self.current as usize;
        let mut chosen = if self.is_enabled(current) { current } else { self.next_enabled(current) };
        while self.mark_here().is_some() {
            chosen = self.next_enabled(chosen);
        }
        chosen
    }

    /// The enabled task that follows `task` in the round; `task` itself if it is the
    /// only one.
    fn next_enabled(&self, task: usize) -> usize {
        let (word, bit) = (task / 64, task % 64);
        let above = self.enabled()[word] & (!0 << bit << 1);
        if above != 0 {
            return word * 64 + above.trailing_zeros() as usize;
        }
        // The task itself comes last, but nobody else is in its word above it.
        let mut later = self.enabled_words::<false>().filter(|&(index, _)| index > word);
        let next = later.next().or_else(|| self.enabled_words::<false>().next());
        next.map_or(task, |(index, word)| index * 64 + word.trailing_zeros() as usize)
    }
}
