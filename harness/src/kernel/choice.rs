//! A choice of the scheduler: which task goes on, and with what outcome.
//!
//! A schedule is a list of these and nothing else. One word each, so that a
//! record of a million choices is four megabytes and can lie in shared memory.

use serde::{Deserialize, Serialize};

/// What happens to the task that a choice names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Outcome {
    /// It performs its announced operation.
    Run = 0,
    /// The deadline of its announced operation passes.
    TimeOut = 1,
}

impl Outcome {
    /// Whether the task performed its operation.
    pub fn is_run(self) -> bool {
        self == Outcome::Run
    }

    /// The outcome with this number.
    pub fn from_number(number: u8) -> Option<Outcome> {
        match number {
            0 => Some(Outcome::Run),
            1 => Some(Outcome::TimeOut),
            _ => None,
        }
    }
}

/// A task and an outcome, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(transparent)]
pub struct Choice(u32);

impl Choice {
    /// Task `task` performs its announced operation.
    #[inline]
    pub const fn run(task: usize) -> Choice {
        Choice(task as u32)
    }

    /// Task `task`, with this outcome.
    #[inline]
    pub const fn new(task: usize, outcome: Outcome) -> Choice {
        Choice(task as u32 | (outcome as u32) << 24)
    }

    /// The task that goes on.
    #[inline]
    pub const fn task(self) -> usize {
        (self.0 & 0xFF_FFFF) as usize
    }

    /// What happens to it.
    #[inline]
    pub fn outcome(self) -> Outcome {
        if self.0 >> 24 == 0 { Outcome::Run } else { Outcome::TimeOut }
    }
}

/// How often a schedule goes on with another task than before.
pub fn switches(schedule: &[Choice]) -> usize {
    schedule.windows(2).filter(|pair| pair[0].task() != pair[1].task()).count()
}
