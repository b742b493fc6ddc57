//! What an exploration came out with: its report and its finding.
//!
//! Made by `check`, read by reports and the command line, sent between processes.

use super::shard::Shard;
use super::tally::{Found, Tally};
use crate::engine::Engine;
use crate::fault::Faults;
use crate::judge::{CriticalPair, Recording, Verdict, divergence};
use crate::kernel::Choice;
use crate::strategy::Strategy;
use crate::{Error, Granularity};
use serde::{Deserialize, Serialize};

/// A violation, shrunk and recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The violation as it was found.
    pub found: Found,
    /// The smallest schedule known that shows it.
    pub schedule: Vec<Choice>,
    /// Context switches of that schedule.
    pub switches: usize,
    /// Fewest preemptions of any schedule known that shows it.
    pub preemptions: usize,
    /// No schedule with fewer switches shows it.
    pub proved_minimal: bool,
    /// Executions that the shrinker ran.
    pub shrink_executions: u64,
    /// For a livelock: whether the program ends once everybody gets a turn.
    pub ends_if_fair: Option<bool>,
    /// Everything that happened in the small schedule.
    pub recording: Recording,
    /// The small schedule as text.
    pub token: String,
    /// The same schedule without its kills, or else without its other faults; itself, if nothing goes
    /// wrong in it of what could, and none if nothing could.
    pub control: Option<Control>,
    /// Which two operations it takes, in which order; none if no law is broken.
    pub swap: Option<Swap>,
}

/// A finding's schedule, run again with two of its operations the other way round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Swap {
    /// With these two swapped, it passes: a run showed that.
    Passes {
        /// The two.
        pair: CriticalPair,
        /// The schedule of the run that passed.
        schedule: Vec<Choice>,
        /// That schedule as text.
        token: String,
    },
    /// No swap of two operations makes it pass, of those that were tried.
    None {
        /// How many pairs were tried.
        tried: usize,
        /// These were all.
        all: bool,
    },
    /// The program fails in every schedule: the order does not matter.
    Always {
        /// How many schedules there are, not counting those that only swap what commutes.
        schedules: usize,
    },
}

/// A finding's schedule, run without what was made to go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// How that run ended: a pass shows that the fault is what it takes.
    pub verdict: Verdict,
}

/// Why nothing ran: a budget never ends before the first execution of a whole run.
pub(crate) const NOTHING_RAN: &str = "no execution belongs to this share of the run";

/// What an exploration came out with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The program.
    pub program: String,
    /// The engine that ran it.
    pub engine: Engine,
    /// The strategy that searched.
    pub strategy: Strategy,
    /// What counted as a step.
    pub granularity: Granularity,
    /// The seed.
    pub seed: u64,
    /// What could go wrong in an execution; of a replay, what goes wrong in its schedule.
    pub faults: Faults,
    /// The share of the run that was run.
    pub shard: Shard,
    /// The names of the tasks that are there from the start, by number.
    pub tasks: Vec<String>,
    /// What was counted.
    pub tally: Tally,
    /// The first violation, shrunk; none if no law was broken.
    pub finding: Option<Finding>,
}

impl Report {
    /// The finding, if a law was broken.
    pub fn shown(&self) -> Option<&Finding> {
        self.finding.as_ref().filter(|_| self.tally.first.is_some())
    }

    /// Which executions these were, if they are all that there are: every schedule, every one
    /// within the strategy's bound, or one for each order that matters.
    pub fn completeness(&self) -> Option<String> {
        let all = match self.strategy {
            _ if !self.tally.complete => return None,
            Strategy::Dfs { preemptions: Some(most) } => {
                let s = if most == 1 { "" } else { "s" };
                format!("every schedule with at most {most} preemption{s}")
            }
            Strategy::Dfs { preemptions: None } => "every schedule".to_owned(),
            Strategy::Dpor => "every order that matters".to_owned(),
            _ => return None,
        };
        Some(all + &self.of_share())
    }

    /// ` of share 1/2`, where this is a report of no more than that.
    pub(crate) fn of_share(&self) -> String {
        if self.shard == Shard::WHOLE { String::new() } else { format!(" of share {}", self.shard) }
    }

    /// The report, if it decides anything; a violation is a panic that explains it.
    /// `apart`: the tasks may share nothing.
    #[track_caller]
    pub(crate) fn demand(self, apart: bool) -> Result<Report, Error> {
        if let Some(message) = crate::report::failure(&self) {
            panic!("{message}");
        }
        if self.tally.executions == 0 {
            return Err(Error::NothingRan { program: self.program.clone(), why: NOTHING_RAN });
        }
        match self.undecided() {
            Some(why) => Err(Error::Inconclusive {
                program: self.program.clone(),
                executions: self.tally.executions,
                why,
            }),
            None if self.is_blind() && !apart => {
                Err(Error::Apart { program: self.program, executions: self.tally.executions })
            }
            None => Ok(self),
        }
    }

    /// What a task is called; its number, if that is all that is known of it.
    pub fn task_name(&self, task: usize) -> String {
        let recorded = self.finding.as_ref().and_then(|finding| finding.recording.tasks.get(task));
        let name = recorded.map(|task| &task.name).or_else(|| self.tasks.get(task));
        name.cloned().unwrap_or_else(|| format!("task {task}"))
    }

    /// A verdict on an execution of this program, in a sentence.
    pub fn told(&self, verdict: &Verdict) -> String {
        verdict.told(|task| self.task_name(task))
    }

    /// Why nothing was decided, if so.
    pub fn undecided(&self) -> Option<String> {
        let found = self.tally.inconclusive.as_ref().filter(|_| self.tally.first.is_none())?;
        let recording = self.finding.as_ref().map(|finding| &finding.recording);
        Some(recording.and_then(divergence).unwrap_or_else(|| self.told(&found.verdict)))
    }

    /// Whether no two tasks of any execution had anything in common that the scheduler sees:
    /// then nothing was searched, whatever the number of executions.
    pub(super) fn is_blind(&self) -> bool {
        let tally = &self.tally;
        tally.apart > 0
            && tally.apart == tally.executions
            && tally.violations == 0
            && tally.inconclusive.is_none()
    }

    /// What the reader should know although something was decided; several things with semicolons
    /// in between.
    pub fn warning(&self) -> Option<String> {
        let Tally { torn, unharmed, executions, nondeterministic, inconclusive, .. } = &self.tally;
        let blind = "the tasks share nothing that the scheduler sees, so no schedule differs from another";
        let names = self.faults.named_victims().join("` or `");
        let drifts =
            inconclusive.as_ref().is_some_and(|found| matches!(found.verdict, Verdict::Nondeterministic(_)));
        let told = [
            self.is_blind().then(|| blind.to_owned()),
            torn.clone(),
            (*unharmed > 0 && unharmed == executions)
                .then(|| format!("no task was called `{names}`, so nobody could be killed")),
            (nondeterministic.as_ref().filter(|_| !drifts))
                .map(|difference| format!("the program is not deterministic: {difference}")),
        ];
        let told: Vec<String> = told.into_iter().flatten().collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}
