//! Whether a report is what the scenario promised.
//!
//! A variant that is to hold promises that for what goes wrong in its own program. What
//! comes of faults of other kinds, which somebody asked for, is nobody's promise and no
//! surprise, as for `census`; unless it fails without them as well. A program that has faults by
//! itself and fails without is *vacuous*: that it fails says nothing of its faults.

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
    /// The program has faults by itself.
    about_faults: bool,
}

impl Judged {
    /// A report of a search in this program.
    pub(super) fn new(case: Case, report: Report, model: &dyn Model) -> Judged {
        let own = model.faults();
        let beyond = report.faults.go_beyond(&own);
        Judged { case, report, beyond, about_faults: own.strike() }
    }

    /// A report of an exit, which no fault brings about.
    pub(super) fn of_exit(case: Case, report: Report) -> Judged {
        Judged { case, report, beyond: false, about_faults: false }
    }

    /// Whether the finding is one without faults as well.
    fn fails_anyhow(&self) -> bool {
        self.report.shown().is_some_and(|finding| {
            let control = finding.control.as_ref().is_some_and(|run| run.verdict.is_violation());
            faults(&finding.schedule) == 0 || control
        })
    }

    /// Whether what came out hangs on faults that nobody promised anything about.
    fn is_unpromised(&self) -> bool {
        self.beyond && self.case.variant.expect == Expect::Holds && !self.fails_anyhow()
    }

    /// Whether it fails as it should, and not for the faults that it is about.
    fn is_vacuous(&self) -> bool {
        self.about_faults && self.case.variant.expect == Expect::Fails && self.fails_anyhow()
    }

    /// What it means for the command.
    pub(super) fn exit(&self) -> Exit {
        let tally = &self.report.tally;
        let found = tally.first.is_some();
        match self.case.variant.expect {
            Expect::Holds if found && self.is_unpromised() => Exit::AsExpected,
            Expect::Holds if found => Exit::Surprise,
            Expect::Fails if self.is_vacuous() => Exit::Surprise,
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
            (Exit::Surprise, Expect::Fails) if found => "VACUOUS, it fails without the faults as well",
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

#[cfg(test)]
mod tests {
    use super::super::alone::failing;
    use super::*;
    use crate::Error;
    use crate::catalogue::{Arguments, Catalogue};
    use crate::prelude::{Config, Faults, Mutex, Program, Value};
    use crate::program::AnyProgram;

    fn told(
        build: fn(&str, &Arguments) -> Result<AnyProgram, Error>,
        faults: Option<Faults>,
    ) -> &'static str {
        let case = Catalogue::new(&[failing("crash", build)]).unwrap().cases().unwrap().remove(0);
        let program = case.build().unwrap();
        let config = Config { faults, ..Config::default() }.exhaust().ignore_environment();
        let report = program.check("crash", &config).unwrap();
        Judged::new(case, report, program.model()).words()
    }

    /// Loses an update, whoever is killed.
    fn counts(_: &str, _: &Arguments) -> Result<AnyProgram, Error> {
        let program = Program::new("crash", || (Value::new(0),))
            .tasks("adder", 2, |(sum,), _| sum.set(sum.get() + 1))
            .finally(|(sum,)| assert_eq!(sum.get(), 2))
            .faults(Faults::kills(1));
        Ok(program.into())
    }

    /// Waits for a dead holder.
    fn locks(_: &str, _: &Arguments) -> Result<AnyProgram, Error> {
        let program = Program::new("crash", || (Mutex::new(0),))
            .tasks("adder", 2, |(sum,), _| *sum.lock().unwrap() += 1)
            .faults(Faults::kills(1));
        Ok(program.into())
    }

    #[test]
    fn what_fails_without_its_kill_is_vacuous() {
        let vacuous = "VACUOUS, it fails without the faults as well";
        assert_eq!([told(counts, None), told(counts, Some(Faults::none()))], [vacuous; 2]);
        assert_eq!(told(locks, None), "fails, as expected");
        assert_eq!(told(locks, Some(Faults::none())), "HOLDS, expected to fail");
    }
}
