//! Dynamic programs: any code that starts tasks and joins them.

use super::check::check_model;
use super::config::Config;
use super::finding::Report;
use super::job::Job;
use super::named::name_of;
use super::regressions;
use crate::Error;
use crate::engine::Dynamic;
use crate::kernel::current;
use std::panic::Location;

/// Explores `body` with the default configuration; a violation is a panic with the
/// whole explanation. `body` is the main task; it is run anew in each execution, in
/// `real` in a freshly forked process.
///
/// The program is known by the path of the function in which `body` stands, as in
/// `shop::tests::never_oversells`; a second one in the same function by the same and `(2)`.
/// Tokens and kept schedules belong to it by that name.
///
/// ```
/// use selvedge_harness::prelude::*;
///
/// explore(|| {
///     let count = Shared::new(Value::<u32>::new(0));
///     let children: Vec<_> = (0..2)
///         .map(|_| Process::spawn({ let count = count.clone(); move || count.fetch_add(1) }))
///         .collect();
///     for child in children {
///         child.join().unwrap();
///     }
///     assert_eq!(count.get(), 2);
/// });
/// ```
///
/// # Panics
/// If a law is broken, if the tasks share nothing that the scheduler sees, so that nothing
/// was searched (see [`Config::apart`]), or if the environment or the operating system is not as it
/// should be.
#[track_caller]
pub fn explore<F: Fn() + Sync>(body: F) {
    if let Err(error) = explore_with(&Config::default(), body) {
        panic!("{error}");
    }
}

/// Like [`explore`], with a configuration.
///
/// # Errors
/// What is wrong with the configuration or the environment, and what the operating
/// system refused.
///
/// # Panics
/// If a law is broken.
#[track_caller]
pub fn explore_with<F: Fn() + Sync>(config: &Config, body: F) -> Result<Report, Error> {
    regressions::explore(&Dynamic::new(body), &job::<F>(Location::caller()), config)
}

/// Explores `body` and returns what was found.
///
/// # Errors
/// As for [`explore_with`].
#[track_caller]
pub fn check<F: Fn() + Sync>(config: &Config, body: F) -> Result<Report, Error> {
    check_model(&Dynamic::new(body), &job::<F>(Location::caller()), config)
}

/// A program without a name is known by the function whose code it is.
fn job<F>(site: &'static Location<'static>) -> Job<'static> {
    Job::named(&name_of::<F>(site))
}

/// Labels the outcome of the running execution; outcomes are counted by label, of which the first
/// 1,024 bytes count. The last call wins. Outside an exploration nothing happens.
pub fn outcome(label: impl AsRef<str>) {
    let kernel = current::get();
    if !kernel.is_null() {
        crate::kernel::set_label(kernel, label.as_ref());
    }
}
