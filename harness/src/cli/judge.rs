//! Whether a report is what the scenario promised.

use super::exit::Exit;
use crate::catalogue::{Case, Expect};
use crate::engine::Engine;
use crate::program::Report;
use crate::strategy::Strategy;

/// A report beside what was expected of it.
pub(super) struct Judged {
    pub(super) case: Case,
    pub(super) report: Report,
}

impl Judged {
    /// What it means for the command.
    pub(super) fn exit(&self) -> Exit {
        let tally = &self.report.tally;
        let found = tally.first.is_some();
        match self.case.variant.expect {
            Expect::Holds if found => Exit::Surprise,
            Expect::Fails if found => Exit::AsExpected,
            _ if tally.inconclusive.is_some() => Exit::Inconclusive,
            _ if tally.executions == 0 => Exit::NothingRan,
            // Nobody decides the schedule, so not meeting the bug is the usual thing.
            Expect::Fails if self.report.engine == Engine::Wild => Exit::AsExpected,
            Expect::Fails => Exit::Surprise,
            Expect::Holds => Exit::AsExpected,
        }
    }

    /// The verdict in a few words.
    pub(super) fn words(&self) -> &'static str {
        let found = self.report.tally.first.is_some();
        match (self.exit(), self.case.variant.expect) {
            (Exit::NothingRan, _) => "nothing ran",
            (Exit::Inconclusive, _) => "inconclusive",
            (Exit::Surprise, Expect::Holds) => "FAILS, expected to hold",
            (Exit::Surprise, Expect::Fails) => "HOLDS, expected to fail",
            (_, Expect::Fails) if found => "fails, as expected",
            (_, Expect::Fails) => "not met, as usual unscheduled",
            (_, Expect::Holds) => "holds, as expected",
        }
    }

    /// Every schedule was run, or every one within the strategy's bound.
    pub(super) fn completeness(&self) -> Option<String> {
        match self.report.strategy {
            _ if !self.report.tally.complete => None,
            Strategy::Dfs { preemptions: Some(most) } => {
                let s = if most == 1 { "" } else { "s" };
                Some(format!("complete: every schedule with at most {most} preemption{s}"))
            }
            Strategy::Dfs { preemptions: None } => Some("complete: every schedule".to_owned()),
            _ => None,
        }
    }

    /// Executions a second.
    pub(super) fn rate(&self) -> f64 {
        let tally = &self.report.tally;
        if tally.seconds > 0.0 { tally.executions as f64 / tally.seconds } else { 0.0 }
    }
}
