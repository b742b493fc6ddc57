//! Real children for the tests of the primitives, and what a test does with a law.
//!
//! Called by `laws.rs` and by the tests themselves.
//!
//! 1. Whoever waits has a deadline that only a defect reaches.
//! 2. A child dies with its parent, so that a parent killed for being late leaves nobody.
//! 3. A [`Family`] that is dropped early kills its children and takes them away.
//!
//! When a process dies here that should not, [`Family::join`] says which and how.

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{getpid, getppid};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use selvedge::{Event, ExitStatus, Process, Shared, exit};
use std::fs;
use std::ops::Deref;
use std::time::{Duration, Instant};

/// What only a defect makes anybody wait.
pub(crate) const LONG: Duration = Duration::from_secs(180);
/// What a program that must fail by waiting waits for.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

/// With this code a child says that its part of the law did not hold.
const REFUTED: i32 = 70;
/// With this code a child says that its parent was gone before it began.
const ORPHANED: i32 = 71;

/// Whether a law held, or why not.
pub(crate) type Outcome = Result<(), TestCaseError>;

/// That a law does not hold, and why.
pub(crate) fn refute<T>(why: impl Into<String>) -> Result<T, TestCaseError> {
    Err(TestCaseError::fail(why.into()))
}

/// Starts one child, which dies at the latest with its parent.
pub(crate) fn child<R>(body: impl FnOnce() -> R + Send + 'static) -> Process {
    let parent = getpid();
    Process::spawn(move || {
        // The parent may have died before the first line; then nobody sends the signal.
        if set_pdeathsig(Signal::SIGKILL).is_err() || getppid() != parent {
            exit(ORPHANED);
        }
        body();
    })
}

/// Children that are all killed, if necessary, when this is dropped.
pub(crate) struct Family(Vec<Process>);

impl Family {
    /// Takes charge of children.
    pub(crate) fn of(children: impl IntoIterator<Item = Process>) -> Family {
        Family(children.into_iter().collect())
    }

    /// Starts `count` children that begin `body` at the same time. It gets the child's
    /// number, from 0, and says whether its part of the law held.
    pub(crate) fn start(count: usize, body: impl Fn(usize) -> bool + Clone + Send + 'static) -> Family {
        let gate = Shared::new(Event::new());
        let run = |index: usize| {
            let (gate, body) = (gate.clone(), body.clone());
            child(move || {
                if !gate.wait_timeout(LONG) || !body(index) {
                    exit(REFUTED);
                }
            })
        };
        let family = Family::of((0..count).map(run));
        gate.set();
        family
    }

    /// Waits until all have ended; the law held if all of them say so.
    pub(crate) fn join(self) -> Outcome {
        let deadline = Instant::now() + LONG;
        for (index, child) in self.iter().enumerate() {
            match child.join_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Some(ExitStatus::Code(0))) => {}
                Ok(Some(ExitStatus::Code(REFUTED))) => refute(format!("refuted by child {index}"))?,
                Ok(Some(status)) => refute(format!("child {index} ended with {status}"))?,
                Ok(None) => refute(format!("child {index} did not end"))?,
                Err(error) => refute(format!("child {index}: {error}"))?,
            }
        }
        Ok(())
    }

    /// Gives the children away; from now on nobody kills or joins them.
    pub(crate) fn disband(mut self) -> Vec<Process> {
        std::mem::take(&mut self.0)
    }
}

impl Deref for Family {
    type Target = [Process];

    fn deref(&self) -> &[Process] {
        &self.0
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        for child in &self.0 {
            let _ = child.kill();
        }
        for child in &self.0 {
            let _ = child.join();
        }
    }
}

/// The letter by which the kernel tells what a process does: `R`, `S`, `T` and so on.
fn state(process: &Process) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.pid()?)).ok()?;
    // The name before it is in parentheses and may contain anything.
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Whether the kernel has put a process to sleep. Once it has announced that its next
/// blocking call is a certain wait, this says that it is in that wait.
pub(crate) fn asleep(process: &Process) -> bool {
    state(process) == Some('S')
}

/// Whether a process was stopped by a signal.
pub(crate) fn stopped(process: &Process) -> bool {
    state(process) == Some('T')
}

/// Whether a process has ended and was not waited for.
pub(crate) fn ended(process: &Process) -> bool {
    state(process) == Some('Z')
}

/// Looks until `condition` holds.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) -> Outcome {
    let deadline = Instant::now() + LONG;
    while !condition() {
        if Instant::now() > deadline {
            return refute(format!("{what} did not come about"));
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    Ok(())
}

/// Tries a law with `cases` choices of its numbers.
#[track_caller]
pub(crate) fn holds<S: Strategy>(cases: u32, numbers: S, law: impl Fn(S::Value) -> Outcome) {
    // Nothing is kept of a failure: the numbers do not decide who runs when.
    let config = Config { cases, failure_persistence: None, max_shrink_time: 5_000, ..Config::default() };
    if let Err(error) = TestRunner::new(config).run(&numbers, law) {
        panic!("{error}");
    }
}

/// Tries a law with a program that breaks it, until it is caught for `reason`.
#[track_caller]
pub(crate) fn is_caught(reason: &str, law: impl Fn() -> Outcome) {
    let deadline = Instant::now() + LONG;
    while Instant::now() < deadline {
        if let Err(error) = law() {
            let error = error.to_string();
            assert!(error.contains(reason), "caught, but for another reason than {reason:?}: {error}");
            println!("caught: {error}");
            return;
        }
    }
    panic!("what breaks the law was not caught within {LONG:?}");
}
