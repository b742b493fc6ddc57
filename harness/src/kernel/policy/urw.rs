//! Each enabled task is as likely as it has operations left, its own and those of the
//! tasks that it will still start. No object is of interest here, so that a task's weight is
//! just that.

use super::bits::{each, weighed};
use crate::kernel::data::state::Kernel;
use std::hint::select_unpredictable;

impl Kernel {
    #[inline(never)]
    pub(super) fn choose_urw<const ONE: bool>(&mut self) -> usize {
        let chosen = if ONE { self.draw_in_word() } else { self.draw_by_left::<false>() };
        self.spend(chosen);
        chosen
    }

    /// The same draw where all tasks stand in one word: where locks are held, most of the time
    /// one or two of them can go on, who need no loops.
    #[inline(always)]
    fn draw_in_word(&mut self) -> usize {
        // SAFETY: there is at least one word of capacity.
        let set = unsafe { *self.parts.enabled };
        let (lowest, rest) = (set.trailing_zeros() as usize, set & set.wrapping_sub(1));
        if rest == 0 {
            // One number belongs to each decision, also where there is nothing to decide.
            self.plan.rng.skip();
            return lowest;
        }
        if rest & (rest - 1) != 0 {
            return self.draw_by_left::<true>();
        }
        let highest = rest.trailing_zeros() as usize;
        let weight = |task: usize| u64::from(self.standing(task).weight);
        let (first, total) = (weight(lowest), weight(lowest) + weight(highest));
        select_unpredictable(self.plan.rng.below_u64(total) < first, lowest, highest)
    }

    #[inline(always)]
    fn draw_by_left<const ONE: bool>(&mut self) -> usize {
        let weight = |task: usize| u64::from(self.standing(task).weight);
        let mut total = 0;
        each(self.enabled_words::<ONE>(), |task| total += weight(task));
        let mut rng = self.plan.rng;
        let chosen = weighed(self.enabled_words::<ONE>(), rng.below_u64(total), weight);
        self.plan.rng = rng;
        chosen
    }

    /// The task performs an operation.
    #[inline(always)]
    fn spend(&mut self, task: usize) {
        let standing = self.standing(task);
        debug_assert_eq!(standing.keen, 0, "no object is of interest");
        standing.left = standing.left.saturating_sub(1);
        standing.weight = standing.left.max(1);
    }
}
