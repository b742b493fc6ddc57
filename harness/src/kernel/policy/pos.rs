//! The pending operation with the highest priority is performed; the priorities of the
//! operations that race with it are drawn anew, so that one which lost to it may still
//! win or lose against the next.

use super::super::state::{Kernel, Mode};
use super::bits::each;
use selvedge::platform::{Kind, Op};
use std::hint::select_unpredictable;

/// Whether two operations act on the same object, going by addresses alone, and not both
/// only read. Without a branch: the answer is another one each time.
#[inline(always)]
fn meet(a: &Op, b: &Op) -> bool {
    let touches = |object: usize| (object != 0) & ((object == b.object) | (object == b.also));
    let both_read = (a.kind == Kind::Read) & (b.kind == Kind::Read);
    (touches(a.object) | touches(a.also)) & !both_read
}

impl Kernel {
    #[inline]
    pub(super) fn choose_pos(&mut self) -> usize {
        let chosen = self.highest();
        let op = &self.task(chosen).op;
        let mut rng = self.plan.rng;
        each(self.enabled(), |task| {
            let other = &self.task(task).op;
            let one_memory = self.mode == Mode::Sim || self.share(chosen, task);
            let again = (task == chosen) | meet(op, other) & one_memory;
            let mut next = rng;
            let rank = next.next_u64();
            let standing = self.standing(task);
            standing.rank = select_unpredictable(again, rank, standing.rank);
            rng = select_unpredictable(again, next, rng);
        });
        self.plan.rng = rng;
        chosen
    }

    /// `real`: whether the address at which the operations of two tasks meet means the same
    /// object to both.
    #[cold]
    fn share(&self, a: usize, b: usize) -> bool {
        let (op, other) = (&self.task(a).op, &self.task(b).op);
        let first = op.object != 0 && (op.object == other.object || op.object == other.also);
        let object = if first { op.object } else { op.also };
        self.space_for(a, object) == self.space_for(b, object)
    }
}
