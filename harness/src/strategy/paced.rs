//! Walks at a pace, for the portfolio: what tasks have left decides who goes on, not only how
//! likely it is. They are no strategies of their own, for none is good alone: each gives up a
//! part of all interleavings to be the sooner in another.
//!
//! | pace | what comes soon |
//! |---|---|
//! | `Even` | what happens where all tasks are as far as each other: a window between two operations of one and two of another, forks that everybody takes first |
//! | `Level` | what happens where all have the same left: the same in tasks alike, and whatever wants a short task to come after most of a long one |
//! | `Restless` | what needs a switch after nearly every step, beginning with everybody's first, or one task of many a step or two ahead of the others |
//!
//! `Even` is the walk of `urw` with less chance in it: that one puts the n operations of a task
//! on n random moments of the execution, this one puts each near its own n-th of it, as
//! "Stochastic sampling in computer graphics" (Cook, ACM Transactions on Graphics 5, 1986) does
//! with points that are to be random and cover a stretch evenly. `Level` is the rule of the
//! longest remaining processing time (Pinedo, "Scheduling: Theory, Algorithms, and Systems"),
//! with chance. `Restless` is what `pct:d` comes to with a change of priority at each step,
//! which "Partial order aware concurrency sampling" (Yuan, Yang, Gu, CAV 2018) takes as the
//! point of departure; only that a task which has not run precedes those that have, as it does
//! in `pct`, and for two things without which many tasks drown what a few have to do:
//!
//! 1. A rank is drawn from as much as the task has left. So a task that starts others, which
//!    counts theirs as its own, is seldom held up by those that it has started, and of many that
//!    have taken their first step the one with more to do is likely to be next.
//! 2. One rank of eight stays when its operation is done. Where all are drawn anew, n tasks
//!    give one of them two steps in a row once in n times, and three once in n squared.

use super::pilot::{Recipe, Sketch};
use crate::kernel::{Kernel, Pace, Plan, Policy, Rng};

pub(super) struct Paced {
    pub(super) pace: Pace,
}

impl Recipe for Paced {
    fn write(&self, _: u64, rng: Rng, sketch: &Sketch, kernel: &mut Kernel) {
        kernel.set_forecasts(sketch.forecasts(None));
        kernel.set_pace(self.pace);
        kernel.plan = Plan { patience: sketch.patience(), ..Plan::by(Policy::Paced, rng) };
    }
}
