//! The pending operation with the highest priority is performed; the priorities of the
//! operations that race with it are drawn anew, so that one which lost to it may still
//! win or lose against the next.

use super::super::state::Kernel;
use super::bits::each;
use selvedge::platform::{Kind, Op};

/// The object that two operations race for: both touch it, and not both only read it.
#[inline(always)]
fn contested(a: &Op, b: &Op) -> Option<usize> {
    let touches = |object: usize| object != 0 && (object == b.object || object == b.also);
    if a.kind == Kind::Read && b.kind == Kind::Read {
        return None;
    }
    if touches(a.object) { Some(a.object) } else { touches(a.also).then_some(a.also) }
}

impl Kernel {
    #[inline]
    pub(super) fn choose_pos(&mut self) -> usize {
        let chosen = self.highest();
        let op = self.task(chosen).op;
        let mut rng = self.plan.rng;
        each(self.enabled(), |task| {
            let contested = || contested(&op, &self.task(task).op);
            if task == chosen || contested().is_some_and(|object| self.share(chosen, task, object)) {
                self.standing(task).rank = rng.next_u64();
            }
        });
        self.plan.rng = rng;
        chosen
    }

    /// Whether an address means the same object to both tasks.
    fn share(&self, a: usize, b: usize, object: usize) -> bool {
        self.space_for(a, object) == self.space_for(b, object)
    }
}
