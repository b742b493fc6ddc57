//! The pending operation with the highest priority is performed; the priorities of the
//! operations that race with it are drawn anew, so that one which lost to it may still
//! win or lose against the next.

use super::bits::{each, first};
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::schedule::rng::Rng;
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

/// Whether an operation acts on this object, which there is.
#[inline(always)]
fn touches(op: &Op, object: usize) -> bool {
    (op.object == object) | (op.also == object)
}

impl Kernel {
    #[inline(never)]
    pub(super) fn choose_pos<const ONE: bool>(&mut self) -> usize {
        let chosen = if ONE { self.highest_in_word() } else { self.highest::<false>() };
        let op = &self.task(chosen).op;
        // What each question has in common is asked before all tasks are asked.
        let (rng, best) = match (op.object, op.also) {
            _ if self.mode == Mode::Real => self.redraw::<ONE>(|task| {
                task == chosen || meet(op, &self.task(task).op) && self.share(chosen, task)
            }),
            (0, 0) => self.redraw::<ONE>(|task| task == chosen),
            (object, 0) | (0, object) if op.kind == Kind::Read => self.redraw::<ONE>(|task| {
                let other = &self.task(task).op;
                (task == chosen) | touches(other, object) & (other.kind != Kind::Read)
            }),
            (object, 0) | (0, object) => self.redraw::<ONE>(|task| touches(&self.task(task).op, object)),
            _ => self.redraw::<ONE>(|task| (task == chosen) | meet(op, &self.task(task).op)),
        };
        self.plan.rng = rng;
        self.guide.best = best;
        self.guide.ranked = self.enabled()[0];
        chosen
    }

    /// Draws the priorities of these of the enabled tasks anew; returns the generator as it
    /// stands then, and who has the highest. Without a branch on the answers: they are others each time.
    #[inline(always)]
    fn redraw<const ONE: bool>(&self, meets: impl Fn(usize) -> bool) -> (Rng, u32) {
        let mut rng = self.plan.rng;
        let (mut best, mut highest) = (first(self.enabled_words::<ONE>()), 0);
        each(self.enabled_words::<ONE>(), |task| {
            let again = meets(task);
            let mut next = rng;
            let drawn = next.next_u64();
            let standing = self.standing(task);
            let rank = select_unpredictable(again, drawn, standing.rank);
            standing.rank = rank;
            rng = select_unpredictable(again, next, rng);
            (best, highest) = select_unpredictable(rank > highest, (task, rank), (best, highest));
        });
        (rng, best as u32)
    }

    /// The enabled task with the highest priority, where all tasks stand in one word. Since the
    /// last decision, when who that is was noted, no priority has changed: only those are asked
    /// who could not go on then.
    #[inline(always)]
    fn highest_in_word(&self) -> usize {
        let (_, enabled) = self.enabled_words::<true>().next().unwrap_or_default();
        let mut best = self.guide.best as usize;
        if enabled >> best & 1 == 0 {
            return self.highest::<true>();
        }
        let newcomers = enabled & !self.guide.ranked;
        if newcomers != 0 {
            each(std::iter::once((0, newcomers)), |task| {
                let (rank, highest) = (self.standing(task).rank, self.standing(best).rank);
                if rank > highest || rank == highest && task < best {
                    best = task;
                }
            });
        }
        debug_assert_eq!(best, self.highest::<true>());
        best
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
