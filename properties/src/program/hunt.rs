//! Hunts for a program in which an object does not do what its specification says.
//!
//! Called by tests: on the primitives, where nothing may be found, and on the mutants, where
//! something must.
//!
//! proptest makes the programs and then makes the one that fails smaller; the explorer
//! makes its schedule smaller. A seed makes the same programs everywhere.

use super::generated::{Generated, programs};
use super::tried::Tried;
use crate::spec::Specification;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use selvedge_harness::report::failure;
use selvedge_harness::{Config, Report, Strategy};
use std::cell::Cell;
use std::fmt;
use std::time::Duration;

/// How executions count at whose end nobody could go on.
const STUCK: &str = "stuck";

/// What a hunt looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Programs.
    pub programs: u64,
    /// Their executions.
    pub executions: u64,
    /// How many of these ended with nobody able to go on.
    pub stuck: u64,
    /// Explorations of programs that do not do the same twice.
    pub undecided: u64,
}

/// A program that breaks its specification.
#[derive(Debug)]
pub struct Caught<T: Tried> {
    /// The smallest such program known.
    pub program: Generated<T::Spec>,
    /// What exploring it came to.
    pub report: Report,
    /// How many programs it took.
    pub programs: u64,
}

impl<T: Tried> fmt::Display for Caught<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "program {} broke its specification; the smallest that does:\n", self.programs)?;
        writeln!(f, "{}\n", self.program)?;
        let explained = failure(&self.report).unwrap_or_else(|| "it did not do it again".to_owned());
        // The command is for programs that are written down somewhere.
        let explained = explained.split("\n\nreproduce: ").next().unwrap_or_default();
        writeln!(f, "{explained}\n")?;
        let token = self.report.finding.as_ref().map_or("none", |finding| &finding.token);
        write!(f, "reproduce: run this test again, it makes the same programs; the schedule is {token}")
    }
}

/// Explores `cases` programs, each as each of `ways` says, until one breaks its
/// specification. Which programs these are, the seed of the first way says.
///
/// # Errors
/// That program, made as small as it gets.
///
/// # Panics
/// If a program cannot be explored.
pub fn hunt<T: Tried>(cases: u32, ways: &[Config]) -> Result<Counts, Box<Caught<T>>> {
    let counts = Cell::new(Counts::default());
    let failing = Cell::new(false);
    let seed = ways.first().map_or(0, |way| way.seed).to_le_bytes().repeat(4);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let limits = Cases { cases, max_shrink_iters: 200, failure_persistence: None, ..Cases::default() };
    let result = TestRunner::new_with_rng(limits, rng).run(&programs::<T>(), |generated| {
        for way in ways {
            // What is made smaller was seen to fail: it is worth a longer look.
            let report = explore::<T>(&generated, way, if failing.get() { 2 } else { 1 }, false);
            if !failing.get() {
                let stuck = report.tally.outcomes.get(STUCK).copied().unwrap_or(0);
                let before = counts.get();
                counts.set(Counts {
                    executions: before.executions + report.tally.executions,
                    stuck: before.stuck + stuck,
                    undecided: before.undecided + u64::from(is_undecided(&report)),
                    ..before
                });
            }
            if report.tally.first.is_some() {
                failing.set(true);
                return Err(TestCaseError::fail("broken"));
            }
        }
        counts.set(Counts { programs: counts.get().programs + 1, ..counts.get() });
        Ok(())
    });
    match result {
        Ok(()) => Ok(counts.get()),
        Err(TestError::Abort(why)) => panic!("no programs could be made: {why}"),
        Err(TestError::Fail(_, program)) => {
            let reports = ways.iter().map(|way| explore::<T>(&program, way, 2, true));
            let report = reports.into_iter().find(|report| report.tally.first.is_some());
            let report = report.expect("the schedules of a program depend on nothing but the seed");
            Err(Box::new(Caught { program, report, programs: counts.get().programs + 1 }))
        }
    }
}

fn is_undecided(report: &Report) -> bool {
    report.tally.first.is_none() && report.tally.inconclusive.is_some()
}

/// Explores one program. Locks that lie on the heap have other addresses in other executions,
/// and a strategy that plans by what it saw of them may find that its plan does not fit: then
/// one that plans nothing gets its turn.
fn explore<T: Tried>(generated: &Generated<T::Spec>, way: &Config, effort: u64, shrink: bool) -> Report {
    let mut config = way.clone().persist(false);
    config.shrink = shrink;
    config.shrink_time = Duration::from_secs(2);
    config.budget.executions = config.budget.executions.map(|executions| executions * effort);
    let program = T::program(generated);
    let explore = |config: &Config| {
        let report = program.check(&generated.setup.declaration(), config);
        report.unwrap_or_else(|error| panic!("this program cannot be explored: {error}\n{generated}"))
    };
    let report = explore(&config);
    if is_undecided(&report) { explore(&config.strategy(Strategy::Random)) } else { report }
}
