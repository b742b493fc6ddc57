//! The task with the highest priority goes on; at a marked step, the task that takes
//! it falls to the priority of the mark, below all others but those of later depth.

use super::bits::{each, first};
use crate::kernel::data::state::Kernel;
use std::hint::select_unpredictable;

impl Kernel {
    #[inline(never)]
    pub(super) fn choose_pct<const ONE: bool>(&mut self) -> usize {
        let chosen = self.highest::<ONE>();
        while let Some(mark) = self.mark_here() {
            self.standing(chosen).rank = u64::from(mark.rank);
        }
        chosen
    }

    /// The enabled task with the highest rank; the lowest number wins a tie.
    #[inline(always)]
    pub(super) fn highest<const ONE: bool>(&self) -> usize {
        let mut best = first(self.enabled_words::<ONE>());
        let mut rank = self.standing(best).rank;
        each(self.enabled_words::<ONE>(), |task| {
            let other = self.standing(task).rank;
            (best, rank) = select_unpredictable(other > rank, (task, other), (best, rank));
        });
        best
    }
}
