//! Round robin over the tasks in the order of their numbers, without preemption: who
//! runs goes on until it cannot. A mark delays whoever would go on: the next takes its
//! place.

use super::super::state::Kernel;

impl Kernel {
    #[inline]
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
        let words = self.enabled();
        let (word, bit) = (task / 64, task % 64);
        let above = words[word] & (!0 << bit << 1);
        if above != 0 {
            return word * 64 + above.trailing_zeros() as usize;
        }
        let later = (word + 1..words.len()).chain(0..=word).find(|&index| words[index] != 0);
        later.map_or(task, |index| index * 64 + words[index].trailing_zeros() as usize)
    }
}
