//! Each enabled task is as likely as it has operations left, its own and those of the
//! tasks that it will still start. A task that has taken more than was foretold is
//! never quite forgotten: it counts as having one left.

use super::super::state::Kernel;
use super::bits::ones;

impl Kernel {
    #[inline]
    pub(super) fn choose_urw(&mut self) -> usize {
        let weight = |task: usize| u64::from(self.standing(task).left.max(1));
        let total: u64 = ones(self.enabled()).map(weight).sum();
        let mut rng = self.plan.rng;
        let mut rest = rng.below_u64(total);
        let mut chosen = usize::MAX;
        for task in ones(self.enabled()) {
            chosen = task;
            let weight = weight(task);
            if rest < weight {
                break;
            }
            rest -= weight;
        }
        self.plan.rng = rng;
        self.spend(chosen);
        chosen
    }

    /// The task performs an operation.
    #[inline(always)]
    pub(super) fn spend(&mut self, task: usize) {
        if Kernel::counts(self.task(task).op.kind) {
            let standing = self.standing(task);
            standing.left = standing.left.saturating_sub(1);
        }
    }
}
