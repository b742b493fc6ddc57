//! Hunts for a program in which an object does not do what its specification says.
//!
//! Called by tests: on the primitives, where nothing may be found, and on the mutants, where
//! something must.
//!
//! proptest makes the programs; the one that fails is [made smaller](super::draft), and the
//! explorer makes its schedule smaller. A seed makes the same programs everywhere.

use super::draft::{Draft, Look};
use super::generated::Generated;
use super::tried::Tried;
use crate::spec::Specification;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};
use selvedge_harness::report::failure;
use selvedge_harness::{Config, Report, Strategy};
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

impl Counts {
    fn add(&mut self, report: &Report) {
        self.executions += report.tally.executions;
        self.stuck += report.tally.outcomes.get(STUCK).copied().unwrap_or(0);
        self.undecided += u64::from(is_undecided(report));
    }
}

impl Look {
    /// How many times as many executions as a drawn program gets: what is made smaller was seen
    /// to fail.
    fn effort(self) -> u64 {
        match self {
            Look::Short => 2,
            Look::Long => 40,
        }
    }
}

/// A program that breaks its specification.
#[derive(Debug)]
pub struct Caught<T: Tried> {
    /// The smallest such program known.
    pub program: Generated<T::Spec>,
    /// What exploring it came to.
    pub report: Report,
    /// How many programs were drawn until one failed, with that one.
    pub programs: u64,
}

impl<T: Tried> Caught<T> {
    fn reduced(draft: Draft<T>, ways: &[Config], programs: u64) -> Self {
        let program = draft.reduce(|program, look| broken::<T>(program, ways, look, false).is_some());
        let report = broken::<T>(&program, ways, Look::Long, true);
        let report = report.expect("the schedules of a program depend on nothing but the seed");
        Caught { program, report, programs }
    }
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
    let mut counts = Counts::default();
    let seed = ways.first().map_or(0, |way| way.seed).to_le_bytes().repeat(4);
    let runner = |rng| TestRunner::new_with_rng(Cases::default(), rng);
    let mut making = runner(TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    for number in 1..=u64::from(cases) {
        making = runner(making.new_rng());
        let draft =
            Draft::<T>::draw(&mut making).unwrap_or_else(|why| panic!("no program can be made: {why}"));
        for way in ways {
            let report = explore::<T>(&draft.program, way, 1, false);
            counts.add(&report);
            if report.tally.first.is_some() {
                return Err(Box::new(Caught::reduced(draft, ways, number)));
            }
        }
        counts.programs = number;
    }
    Ok(counts)
}

/// Whether a program is seen to break its specification by whoever makes one smaller.
///
/// # Panics
/// If it cannot be explored.
pub fn breaks<T: Tried>(program: &Generated<T::Spec>, ways: &[Config]) -> bool {
    broken::<T>(program, ways, Look::Long, false).is_some()
}

/// How exploring a program as one of `ways` says came to a law that it breaks.
fn broken<T: Tried>(
    program: &Generated<T::Spec>,
    ways: &[Config],
    look: Look,
    shrink: bool,
) -> Option<Report> {
    let mut reports = ways.iter().map(|way| explore::<T>(program, way, look.effort(), shrink));
    reports.find(|report| report.tally.first.is_some())
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
