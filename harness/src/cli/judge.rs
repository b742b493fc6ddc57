//! Whether a report is what the scenario promised.
//!
//! A variant that is to hold promises that for what goes wrong in its own program. What
//! comes of faults of other kinds, which somebody asked for, is nobody's promise and no
//! surprise, as for `census`; unless it fails without them as well.

use super::exit::Exit;
use crate::catalogue::{Case, Expect};
use crate::engine::{Engine, Model};
use crate::kernel::faults;
use crate::program::Report;

/// A report beside what was expected of it.
pub(super) struct Judged {
    pub(super) case: Case,
    pub(super) report: Report,
    /// Faults were asked for of which the program has none by itself.
    beyond: bool,
}

impl Judged {
    /// A report of a search in this program.
    pub(super) fn new(case: Case, report: Report, model: &dyn Model) -> Judged {
        let beyond = report.faults.go_beyond(&model.faults());
        Judged { case, report, beyond }
    }

    /// A report of an exit, which no fault brings about.
    pub(super) fn of_exit(case: Case, report: Report) -> Judged {
        Judged { case, report, beyond: false }
    }

    /// Whether what came out hangs on faults that nobody promised anything about.
    fn is_unpromised(&self) -> bool {
        let without_faults = self.report.finding.as_ref().is_some_and(|finding| {
            let fails_anyhow = finding.control.as_ref().is_some_and(|run| run.verdict.is_violation());
            faults(&finding.schedule) == 0 || fails_anyhow
        });
        self.beyond && self.case.variant.expect == Expect::Holds && !without_faults
    }

    /// What it means for the command.
    pub(super) fn exit(&self) -> Exit {
        let tally = &self.report.tally;
        let found = tally.first.is_some();
        match self.case.variant.expect {
            Expect::Holds if found && self.is_unpromised() => Exit::AsExpected,
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
            (_, Expect::Holds) if found => "fails; what these faults do to it is not promised",
            (_, Expect::Holds) if self.is_unpromised() => "holds; what these faults do to it is not promised",
            (_, Expect::Holds) => "holds, as expected",
        }
    }

    /// Executions a second.
    pub(super) fn rate(&self) -> f64 {
        let tally = &self.report.tally;
        if tally.seconds > 0.0 { tally.executions as f64 / tally.seconds } else { 0.0 }
    }
}
