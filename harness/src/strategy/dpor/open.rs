//! Races whose reversals are covered as long as nothing in particular comes after them.
//!
//! Kept by the strategy from execution to execution, as long as these have the race. What must
//! be covered is the reversal with all that comes after the race and does not happen after its
//! first step: some order of the same steps, and perhaps more, begins with a step that is
//! explored or planned there. The steps up to the race tell, except where the step that covers
//! them is none of them but commutes with them all. What comes after them may conflict with it,
//! and in the executions that begin with it the two are in the other order.
//!
//! 1. A step of the reversal that covers it comes before all that comes later, and covers it with
//!    that, too. What is planned behind the covering step does not matter: all that begins with
//!    it will be explored.
//! 2. A step beside the reversal covers it until a step comes that conflicts with it, or one of
//!    its own task. Then the reversal is looked at with all that came, in each execution that has
//!    that step: what covers it there may be gone in the next.
//! 3. Where it is not known yet whether a planned step covers a reversal, it is looked at with
//!    whatever comes.
//! 4. No new step is looked at twice: those before `clear` are known not to conflict.
//!
//! Source: Abdulla, Aronis, Jonsson, Sagonas (see `dpor`) reverse each race again in each
//! execution, with all its steps.

use super::races::Race;
use super::trace::Trace;
use crate::kernel::Sleeper;

/// Which step covers a reversal.
#[allow(clippy::large_enum_variant, reason = "one is alive at a time, on the stack")]
pub(super) enum Cover {
    /// One of its own.
    Within,
    /// One that commutes with all of it.
    Beside(Sleeper),
    /// Perhaps one that is planned.
    Perhaps,
}

/// A race whose reversal is covered as long as nothing in particular comes after it.
pub(super) struct Open {
    pub(super) race: Race,
    /// The step that covers it, if that is known.
    beside: Option<Sleeper>,
    clear: usize,
}

impl Open {
    /// A race whose reversal is covered, unless that is for good.
    pub(super) fn of(race: Race, cover: Cover) -> Option<Open> {
        let beside = match cover {
            Cover::Within => return None,
            Cover::Beside(who) => Some(who),
            Cover::Perhaps => None,
        };
        Some(Open { race, beside, clear: race.until })
    }

    /// Whether a step came after which the reversal may not be covered; those from `branch` on
    /// are new.
    pub(super) fn is_in_doubt(&mut self, branch: usize, trace: &Trace) -> bool {
        let first = trace.step(self.race.first);
        let apart = |index: usize| trace.clock(index)[first.task] < first.number;
        let clash = |index: usize| self.beside.is_none_or(|who| trace.may_conflict(index, &who));
        let found = (self.clear.min(branch)..trace.len()).find(|&index| apart(index) && clash(index));
        self.clear = found.unwrap_or(trace.len());
        found.is_some()
    }
}
