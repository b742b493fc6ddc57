//! Each task's next operation has a rank, drawn when its last one was performed, and the
//! highest rank goes on. How a rank is drawn is the pace: see [`Pace`], which a strategy
//! chooses for each execution.
//!
//! 1. A decision draws one number, for whoever goes on; nobody else's rank changes, but for
//!    that of a task which starts another: less is left to it then.

use crate::kernel::data::state::Kernel;

/// Operations may change places with those this far from where they belong.
const REACH: u64 = 2;
/// Pace `Restless`: one rank of so many outlasts the operation that it was drawn for.
const STAYS: u64 = 8;

/// How ranks are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Pace {
    /// The operations of each task are spread evenly over the execution: how much of itself
    /// each has done is nearly the same for all at any time.
    Even,
    /// Whoever has most left goes on: all have nearly the same left, as soon as they can.
    Level,
    /// Any rank up to what is left, below those of all that have not run yet; now and then the
    /// rank that it went on with.
    Restless,
}

impl Kernel {
    #[inline(never)]
    pub(super) fn choose_paced<const ONE: bool>(&mut self) -> usize {
        let chosen = self.highest::<ONE>();
        let standing = self.standing(chosen);
        standing.begin += standing.stretch();
        standing.left = standing.left.saturating_sub(1);
        standing.done += 1;
        self.draw_rank(chosen);
        chosen
    }

    /// Draws the rank of a task's next operation.
    #[inline(always)]
    pub(super) fn draw_rank(&mut self, task: usize) {
        let drawn = self.plan.rng.next_u64();
        let pace = self.guide.pace;
        let standing = self.standing(task);
        let part_of = |whole: u64| ((u128::from(drawn) * u128::from(whole)) >> 64) as u64;
        standing.rank = match pace {
            Pace::Even => {
                let reach = standing.stretch().saturating_mul(REACH);
                !standing.begin.saturating_add(part_of(reach))
            }
            Pace::Level => (u64::from(standing.left.max(1)) << 32) + part_of(REACH << 32),
            Pace::Restless if standing.done == 0 => drawn | 1 << 63,
            Pace::Restless if standing.done > 1 && drawn.is_multiple_of(STAYS) => standing.rank,
            Pace::Restless => part_of(u64::from(standing.left.max(1)) << 32),
        };
    }

    /// The first rank of a new task, and the next one of the task that started it, if any did.
    pub(super) fn pace_newcomer(&mut self, index: usize, parent: Option<usize>) {
        self.standing(index).begin = parent.map_or(0, |parent| self.standing(parent).begin);
        self.draw_rank(index);
        if let Some(parent) = parent {
            self.draw_rank(parent);
        }
    }
}
