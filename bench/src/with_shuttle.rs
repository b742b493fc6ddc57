//! The measured programs for shuttle, with its default configuration.
//!
//! shuttle keeps the schedule of the running execution, which is what a replay needs.
//! The state lies in std's `Arc`, as on every side.

use crate::like_std::programs_like_std;
use crate::subject::{Subject, Walk};
use shuttle::scheduler::{PctScheduler, RandomScheduler, UrwRandomScheduler};
use shuttle::{Config, Runner};

programs_like_std!(shuttle);

/// Runs so many executions and returns how many that were.
pub(crate) fn run(walk: Walk, subject: Subject, executions: u64) -> u64 {
    let (most, config) = (executions as usize, Config::default());
    let body = move || once(subject);
    let done = match walk {
        Walk::Random => Runner::new(RandomScheduler::new_from_seed(0, most), config).run(body),
        Walk::Pct => Runner::new(PctScheduler::new_from_seed(0, 3, most), config).run(body),
        Walk::Urw => Runner::new(UrwRandomScheduler::new_from_seed(0, most), config).run(body),
    };
    done as u64
}
