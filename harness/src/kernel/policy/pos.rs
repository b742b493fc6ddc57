//! The pending operation with the highest priority is performed; the priorities of the
//! operations that race with it are drawn anew, so that one which lost to it may still
//! win or lose against the next.

use super::bits::each;
use crate::kernel::data::state::{Kernel, Mode};
use selvedge::platform::{Kind, Op};
use std::hint::select_unpredictable;

/// Whether two operations act on the same object, going by addresses alone, and not both
/// only read. Without a branch on the second: the answer is another one each time.
#[inline(always)]
fn meet(a: &Op, b: &Op) -> bool {
    let touches = |object: usize| (object == b.object) | (object == b.also);
    let both_read = (a.kind == Kind::Read) & (b.kind == Kind::Read);
    let first = (a.object != 0) & touches(a.object);
    let meets = if a.also == 0 { first } else { first | touches(a.also) };
    meets & !both_read
}

impl Kernel {
    #[inline(never)]
    pub(super) fn choose_pos<const ONE: bool>(&mut self) -> usize {
        let chosen = self.highest::<ONE>();
        let op = &self.task(chosen).op;
        let mut rng = self.plan.rng;
        let mut redraw = |task: usize, again: bool| {
            let mut next = rng;
            let rank = next.next_u64();
            let standing = self.standing(task);
            standing.rank = select_unpredictable(again, rank, standing.rank);
            rng = select_unpredictable(again, next, rng);
        };
        let meets = |task: usize| (task == chosen) | meet(op, &self.task(task).op);
        if self.mode == Mode::Sim {
            each(self.enabled_words::<ONE>(), |task| redraw(task, meets(task)));
        } else {
            let share = |task: usize| task == chosen || self.share(chosen, task);
            each(self.enabled_words::<ONE>(), |task| redraw(task, meets(task) && share(task)));
        }
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
