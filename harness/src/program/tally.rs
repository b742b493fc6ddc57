//! What the executions of one worker came out with, and of several together.
//!
//! Counted by the loop of executions; sent between processes, written to the files of shares.

use super::shard::Subtrees;
use crate::engine::Executor;
use crate::judge::{Difference, Verdict};
use crate::kernel::Choice;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A violation: which execution, by which schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The number of the execution, from 0.
    pub index: u64,
    /// Its choices.
    pub schedule: Vec<Choice>,
    /// How it ended.
    pub verdict: Verdict,
    /// The program's label for the outcome.
    pub label: String,
}

impl Found {
    /// The number of what is no execution, and leaves open all the same how those ended that
    /// were not run: a share of a run that was cut off.
    pub(crate) const NO_EXECUTION: u64 = u64::MAX;

    /// Which execution it is, before what is said of it: `execution 3: `.
    pub(crate) fn which(&self) -> String {
        match self.index {
            Found::NO_EXECUTION => String::new(),
            index => format!("execution {}: ", index + 1),
        }
    }
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Executions that count.
    pub executions: u64,
    /// Steps of all of them.
    pub steps: u64,
    /// Executions that broke a law.
    pub violations: u64,
    /// Executions in which several tasks ran and had nothing in common that the scheduler
    /// sees; counted until one has. Of those after the first thousand only every sixteenth
    /// is asked, and the others count with them.
    #[serde(default)]
    pub apart: u64,
    /// Two processes of fibers use an object that real processes would have a copy each of.
    #[serde(default)]
    pub torn: Option<String>,
    /// Executions in which none of those was there who may be killed by name; counted until one
    /// was.
    #[serde(default)]
    pub unharmed: u64,
    /// Executions by outcome label.
    pub outcomes: BTreeMap<String, u64>,
    /// The first violation.
    pub first: Option<Found>,
    /// An execution that could not be judged, if there was one.
    pub inconclusive: Option<Found>,
    /// Where another run of the first execution differs from it: something besides the
    /// scheduler decides what the program does.
    pub nondeterministic: Option<Difference>,
    /// Executions that were given up half-way because others cover them.
    pub blocked: u64,
    /// Of a share of an exhaustive search: its subtrees.
    pub subtrees: Subtrees,
    /// Everything that the strategy could plan was run.
    pub complete: bool,
    /// Seconds from the first execution to the last, of the slowest worker.
    pub seconds: f64,
}

impl Tally {
    /// Together with what another worker counted, or what a file says that one did.
    pub(crate) fn merge(mut self, other: Tally) -> Tally {
        add(&mut self.executions, other.executions);
        add(&mut self.steps, other.steps);
        add(&mut self.violations, other.violations);
        add(&mut self.apart, other.apart);
        add(&mut self.unharmed, other.unharmed);
        add(&mut self.blocked, other.blocked);
        for (label, count) in other.outcomes {
            add(self.outcomes.entry(label).or_insert(0), count);
        }
        self.first = earlier(self.first.take(), other.first);
        self.inconclusive = earlier(self.inconclusive.take(), other.inconclusive);
        self.torn = self.torn.take().or(other.torn);
        self.nondeterministic = self.nondeterministic.take().or(other.nondeterministic);
        self.complete &= other.complete;
        self.seconds = self.seconds.max(other.seconds);
        self
    }

    /// Together with what was counted after it.
    pub(crate) fn then(self, next: Tally) -> Tally {
        let seconds = self.seconds + next.seconds;
        Tally { seconds, complete: next.complete, ..self.merge(next) }
    }

    /// Counts an execution, the last one of `executor`.
    pub(super) fn count(&mut self, executor: &mut dyn Executor, index: u64, verdict: Verdict, label: &str) {
        let kernel = executor.kernel();
        self.executions += 1;
        self.steps += u64::from(kernel.steps);
        let violation = verdict.is_violation();
        self.violations += u64::from(violation);
        if !label.is_empty() {
            match self.outcomes.get_mut(label) {
                Some(count) => *count += 1,
                None => _ = self.outcomes.insert(label.to_owned(), 1),
            }
        }
        let slot = if violation { &mut self.first } else { &mut self.inconclusive };
        if verdict != Verdict::Pass && slot.is_none() {
            let schedule = kernel.schedule().to_vec();
            *slot = Some(Found { index, schedule, verdict, label: label.to_owned() });
        }
    }
}

fn earlier(a: Option<Found>, b: Option<Found>) -> Option<Found> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.index < a.index { b } else { a }),
        (a, b) => a.or(b),
    }
}

fn add(sum: &mut u64, count: u64) {
    *sum = sum.saturating_add(count);
}
