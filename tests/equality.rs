//! Do both engines do the same in programs that nobody wrote?
//!
//! proptest draws programs over everything that works under a scheduler, what goes wrong in
//! them, and who chooses what is next. Each is recorded in fibers and in processes; the records
//! must be equal. What differs is made smaller by leaving out what can go. The seed is fixed, so
//! that each run tries the same programs.

#[path = "equality/calls.rs"]
mod calls;
#[path = "equality/difference.rs"]
mod difference;
#[path = "equality/found.rs"]
mod found;
#[path = "equality/helpers.rs"]
mod helpers;
#[path = "equality/objects.rs"]
mod objects;
#[path = "equality/program.rs"]
mod program;
#[path = "equality/rows.rs"]
mod rows;
#[path = "equality/scopes.rs"]
mod scopes;
#[path = "equality/starts.rs"]
mod starts;

use difference::difference;
use program::Program;
use proptest::prelude::{Just, Strategy as Draws, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use std::fmt;

/// Programs a test. A release build has time for more.
const PROGRAMS: u32 = if cfg!(debug_assertions) { 70 } else { 1000 };

/// How many executions of each.
const EXECUTIONS: u64 = 5;

/// Who chooses.
const STRATEGIES: &[&str] = &["random", "portfolio", "pct:3", "pos", "urw", "surw", "dfs", "delay:3"];

/// A program, and how it is explored.
#[derive(Clone)]
struct Case {
    program: Program,
    strategy: &'static str,
    faults: Faults,
    seed: u64,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "strategy {}, faults \"{}\", seed {}, program", self.strategy, self.faults, self.seed)?;
        self.program.fmt(f)
    }
}

impl Case {
    fn config(&self, engine: Engine, granularity: Granularity) -> Config {
        let mut config = Config { shrink: false, ..Config::default().engine(engine).ignore_environment() };
        config.limits.steps = 2000;
        let config = config.strategy(self.strategy.parse().unwrap()).faults(self.faults.clone());
        config.granularity(granularity).seed(self.seed)
    }

    /// What differs between the engines.
    fn difference(&self, granularity: Granularity) -> Option<String> {
        let [sim, real] = [Engine::Sim, Engine::Real].map(|engine| {
            let program = self.program.clone();
            let program = AnyProgram::dynamic(move || program::run(&program));
            program.record(&self.config(engine, granularity), 0..EXECUTIONS)
        });
        match (sim, real) {
            (Ok(sim), Ok(real)) => difference(&sim, &real),
            (sim, real) => Some(format!("not recorded: sim {:?}, real {:?}", sim.err(), real.err())),
        }
    }
}

/// Nothing goes wrong.
fn none() -> impl Draws<Value = Faults> {
    Just(Faults::none())
}

/// Some of everything that may go wrong.
fn some() -> impl Draws<Value = Faults> {
    let number = || prop_oneof![2 => Just(0_u8), 1 => 1..=3_u8];
    let numbers = (number(), number(), number(), number(), number(), number());
    (numbers, any::<bool>(), any::<bool>()).prop_map(|(numbers, drift, wake_any)| {
        let (kills, signals, eintr, short_io, spurious, timeouts) = numbers;
        Faults { kills, signals, eintr, short_io, spurious, timeouts, drift, wake_any, ..Faults::none() }
    })
}

/// Both engines do the same in programs drawn from `seed`.
fn holds(
    seed: u8,
    programs: impl Draws<Value = Program>,
    faults: impl Draws<Value = Faults>,
    granularity: Granularity,
) {
    let cases = (programs, select(STRATEGIES), faults, 0..1000_u64);
    let cases = cases.prop_map(|(program, strategy, faults, seed)| Case { program, strategy, faults, seed });
    let config = Cases {
        cases: PROGRAMS,
        failure_persistence: None,
        max_shrink_iters: 2000,
        max_shrink_time: 60_000,
        ..Cases::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let same =
        |case: Case| case.difference(granularity).map_or(Ok(()), |what| Err(TestCaseError::fail(what)));
    match TestRunner::new_with_rng(config, rng).run(&cases, same) {
        Ok(()) => {}
        Err(TestError::Fail(what, case)) => panic!("at {granularity:?}: {what}\n{case:#?}"),
        Err(error) => panic!("{error}"),
    }
}

// Each in a process of its own: of the pipes of fibers, what a test beside them starts has copies
// for a moment, and so long these do not end.
rusty_fork::rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn where_nothing_goes_wrong() {
        holds(1, program::programs(false), none(), Granularity::Operation);
    }

    #[test]
    fn where_something_goes_wrong() {
        holds(2, program::programs(false), some(), Granularity::Operation);
    }

    #[test]
    fn where_each_word_is_a_step() {
        holds(3, program::programs(false), some(), Granularity::Word);
    }

    #[test]
    fn with_pools_and_managers() {
        holds(4, program::programs(true), some(), Granularity::Operation);
    }
}
