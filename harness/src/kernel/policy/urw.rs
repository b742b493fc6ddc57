//! Each enabled task is as likely as it has operations left, its own and those of the
//! tasks that it will still start. No object is of interest here, so that a task's weight is
//! just that.

use super::bits::{each, weighed};
use crate::kernel::data::state::Kernel;

impl Kernel {
    #[inline(never)]
    pub(super) fn choose_urw<const ONE: bool>(&mut self) -> usize {
        let weight = |task: usize| u64::from(self.standing(task).weight);
        let mut total = 0;
        each(self.enabled_words::<ONE>(), |task| total += weight(task));
        let mut rng = self.plan.rng;
        let chosen = weighed(self.enabled_words::<ONE>(), rng.below_u64(total), weight);
        self.plan.rng = rng;
        self.spend(chosen);
        chosen
    }

    /// The task performs an operation.
    #[inline(always)]
    pub(super) fn spend(&mut self, task: usize) {
        let standing = self.standing(task);
        standing.left = standing.left.saturating_sub(1);
        standing.weigh();
    }
}
