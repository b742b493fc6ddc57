//! A choice of the scheduler: which task goes on, and with what outcome.
//!
//! A schedule is a list of these and nothing else. One word each, so that a
//! record of a million choices is four megabytes and can lie in shared memory.

use serde::{Deserialize, Serialize};

/// What happens to the task that a choice names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// It performs its announced operation.
    Run,
    /// The deadline of its announced operation passes.
    TimeOut,
    /// Its process is killed before its announced operation; nobody runs.
    Kill,
    /// Its sleep ends without cause; nobody runs.
    Spurious,
    /// It is the sleeper that a notification wakes; nobody runs.
    Woken,
    /// Its announced call is interrupted before it does anything (EINTR).
    Interrupt,
    /// Its announced transfer moves only a part of the bytes.
    Short,
    /// It receives the signal with this number and runs its handler.
    Signal(u8),
}

/// Numbers of signals stand above this one.
const SIGNALS: u8 = 64;

impl Outcome {
    /// Whether the task performed its operation.
    pub fn is_run(self) -> bool {
        self == Outcome::Run
    }

    /// Whether the task goes on: all but what happens to a task that does not run.
    pub fn is_turn(self) -> bool {
        !matches!(self, Outcome::Kill | Outcome::Spurious | Outcome::Woken)
    }

    /// Whether, in a schedule, it is something that was made to go wrong. (A deadline that
    /// passes because nobody else can go on is no choice, and the task just goes on.)
    pub fn is_fault(self) -> bool {
        !matches!(self, Outcome::Run | Outcome::Woken)
    }

    /// Its number in tokens and records.
    pub const fn number(self) -> u8 {
        match self {
            Outcome::Run => 0,
            Outcome::TimeOut => 1,
            Outcome::Kill => 2,
            Outcome::Spurious => 3,
            Outcome::Woken => 4,
            Outcome::Interrupt => 5,
            Outcome::Short => 6,
            Outcome::Signal(signal) => SIGNALS + signal,
        }
    }

    /// The outcome with this number.
    pub fn from_number(number: u8) -> Option<Outcome> {
        const PLAIN: [Outcome; 7] = [
            Outcome::Run,
            Outcome::TimeOut,
            Outcome::Kill,
            Outcome::Spurious,
            Outcome::Woken,
            Outcome::Interrupt,
            Outcome::Short,
        ];
        match number.checked_sub(SIGNALS) {
            Some(signal @ 1..=63) => Some(Outcome::Signal(signal)),
            Some(_) => None,
            None => PLAIN.get(usize::from(number)).copied(),
        }
    }
}

/// A task and an outcome, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(transparent)]
pub struct Choice(u32);

/// Bits of a choice that name its task; the outcome stands above them.
const TASK: u32 = 24;

impl Choice {
    /// How many tasks can be told from each other.
    pub(crate) const TASKS: usize = 1 << TASK;

    /// Task `task` performs its announced operation.
    #[inline]
    pub const fn run(task: usize) -> Choice {
        Choice(task as u32)
    }

    /// Task `task`, with this outcome.
    #[inline]
    pub const fn new(task: usize, outcome: Outcome) -> Choice {
        Choice(task as u32 | (outcome.number() as u32) << TASK)
    }

    /// The task that goes on, or to which something happens.
    #[inline]
    pub const fn task(self) -> usize {
        self.0 as usize % Choice::TASKS
    }

    /// What happens to it.
    #[inline]
    pub fn outcome(self) -> Outcome {
        if self.0 >> TASK == 0 {
            return Outcome::Run;
        }
        // A choice is only ever made from an outcome.
        Outcome::from_number((self.0 >> TASK) as u8).unwrap_or(Outcome::Run)
    }
}

/// The tasks that went on, one for each turn of a schedule.
fn turns(schedule: &[Choice]) -> impl Iterator<Item = usize> + '_ {
    schedule.iter().filter(|choice| choice.outcome().is_turn()).map(|choice| choice.task())
}

/// How often a schedule goes on with another task than before.
pub fn switches(schedule: &[Choice]) -> usize {
    let mut last = None;
    turns(schedule).filter(|&task| last.replace(task).is_some_and(|before| before != task)).count()
}

/// How many faults a schedule has.
pub(crate) fn faults(schedule: &[Choice]) -> usize {
    schedule.iter().filter(|choice| choice.outcome().is_fault()).count()
}
