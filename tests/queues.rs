//! Do queues keep their laws under every schedule, and while somebody is killed?
//!
//! In fibers and in processes, at both granularities: there each access of a word is a step,
//! and each step a kill point. Beside the laws stand queues that break them.

#[path = "queues/deaths.rs"]
mod deaths;
#[path = "queues/in_place.rs"]
mod in_place;
#[path = "queues/numbers.rs"]
mod numbers;
#[path = "queues/once.rs"]
mod once;
#[path = "queues/schedules.rs"]
mod schedules;
#[path = "queues/waiting.rs"]
mod waiting;
#[path = "queues/work.rs"]
mod work;

use selvedge_harness::Report;
use selvedge_harness::prelude::*;

pub(crate) const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];
pub(crate) const GRAINS: [Granularity; 2] = [Granularity::Operation, Granularity::Word];

/// A release build has time for more.
pub(crate) const SCALE: u64 = if cfg!(debug_assertions) { 1 } else { 30 };

pub(crate) fn quiet(engine: Engine, granularity: Granularity) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).granularity(granularity).ignore_environment()
}

#[track_caller]
pub(crate) fn passes(report: &Report, what: &str) {
    let first = report.tally.first.as_ref().map(|found| &found.verdict);
    if let Some(why) = selvedge_harness::report::failure(report) {
        println!("{why}");
    }
    assert_eq!((first, &report.tally.inconclusive), (None, &None), "{what}");
}
