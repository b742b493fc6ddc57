//! Whether the scheduler alone decides what a program does.
//!
//! Called with every finding before it is reported, with every schedule that is
//! replayed, and with the first execution of an exploration, at its begin and at its end: each
//! is run again with a record, and the records are compared event for event. A finding is looked
//! at a few times before it is shrunk, and what it was shrunk to as often as it takes. One that
//! does not come out the same is no finding: nobody could reproduce it, so the verdict is that nothing
//! was decided, and why. Where only an execution without a finding differs, the report
//! warns.
//!
//! | what differs | what is said |
//! |---|---|
//! | an event, or the end | both, with step, task, operation, object, value and line |
//! | the schedule stops fitting | the step, and what the task that it names stands before |
//!
//! What an address decides is the same in two executions of one process, as a rule, because
//! the allocator gives out the same blocks again, and so is the order of a hash map in
//! processes forked from one. So later runs find their objects, stacks and processes
//! [elsewhere](Executor::elsewhere), a [`Crowd`] on the heap, and other keys. What lies where
//! the operating system loaded the program stays where it is: an address of code or of a
//! static variable differs only from one start of the program to the next.
//!
//! When a process dies here, see the engines: only their executions run.

use super::record::{run_recorded, run_traced};
use super::tally::Found;
use crate::engine::{Crowd, Executor};
use crate::judge::{Difference, Recording, Trace, difference, diverged, other_end};
use crate::kernel::Choice;
use std::time::{Duration, Instant};

/// Runs of a recorded execution after it: what a clock decides by a coin comes out the same
/// ten times in one of five hundred cases. Fewer of one that has many steps.
const RUNS: u8 = Crowd::COUNT;
const FEW: u8 = 2;
const MANY_STEPS: usize = 5_000;
/// Runs at one place: what a static variable counts goes on in processes that stay.
const STAY: u8 = 2;
/// Runs of a schedule until it ends as it did once, to see how another run differs from that,
/// and the time for them.
const AGAIN: usize = 300;
const TIME: Duration = Duration::from_millis(300);

/// Runs a schedule several times: its record, and where another run of it differs.
pub(super) fn run_again(executor: &mut dyn Executor, schedule: &[Choice]) -> (Recording, Option<Difference>) {
    let trace = run_traced(executor, schedule);
    let differs = differs(executor, &trace, schedule);
    (trace.recording, differs)
}

/// Where another run of a recorded execution differs from it. The schedule is the one
/// that was asked for: where it did not fit, the record ends before it does.
pub(super) fn differs(executor: &mut dyn Executor, trace: &Trace, schedule: &[Choice]) -> Option<Difference> {
    let runs = if schedule.len() < MANY_STEPS { RUNS } else { FEW };
    differs_within(executor, trace, schedule, runs)
}

/// The same for so many runs.
fn differs_within(
    executor: &mut dyn Executor,
    trace: &Trace,
    schedule: &[Choice],
    runs: u8,
) -> Option<Difference> {
    let places = (1..=runs).step_by(usize::from(STAY));
    places.zip(1..).find_map(|(first, place)| {
        let mut found = None;
        let mut there = |executor: &mut dyn Executor| {
            found = (first..=runs.min(first + STAY - 1)).find_map(|crowd| {
                // Each hasher made moves the keys of the next one, also in processes forked later,
                // which would otherwise all begin with the same.
                let _ = std::hash::RandomState::new();
                differs_once(executor, trace, schedule, crowd)
            });
        };
        if !executor.elsewhere(place, &mut there) {
            there(executor);
        }
        found
    })
}

/// Where one more run of a recorded execution, with a crowd on the heap, differs from it.
pub(super) fn differs_once(
    executor: &mut dyn Executor,
    trace: &Trace,
    schedule: &[Choice],
    crowd: u8,
) -> Option<Difference> {
    let (verdict, label) = run_recorded(executor, schedule, crowd);
    if trace.is_again(executor, &verdict, &label) {
        return None;
    }
    trace.difference(&Trace::of(executor, verdict, label))
}

/// Whether a finding comes out the same a few times, or why it is none: what is worth being
/// shrunk. The schedule that is reported is [confirmed](confirm) by all runs.
pub(super) fn glance(executor: &mut dyn Executor, found: &Found) -> Result<(), Difference> {
    let trace = run_traced(executor, &found.schedule);
    let differs = differs_within(executor, &trace, &found.schedule, FEW);
    differs.map_or(Ok(()), Err)?;
    same_end(executor, found, &found.schedule, &trace.recording)
}

/// The record of a finding that was shrunk to this schedule, or why it is none.
pub(super) fn confirm(
    executor: &mut dyn Executor,
    found: &Found,
    schedule: &[Choice],
) -> Result<Recording, Difference> {
    let (recording, differs) = run_again(executor, schedule);
    differs.map_or(Ok(()), Err)?;
    same_end(executor, found, schedule, &recording)?;
    Ok(recording)
}

/// Whether a later run ended as the finding did.
fn same_end(
    executor: &mut dyn Executor,
    found: &Found,
    schedule: &[Choice],
    later: &Recording,
) -> Result<(), Difference> {
    if later.verdict.is_like(&found.verdict) {
        return Ok(());
    }
    if schedule != found.schedule {
        return Err(other_end(&found.verdict, later));
    }
    Err(diverged(later).unwrap_or_else(|| parted(executor, found, later)))
}

/// Where a finding, of which there is no record, parts from a later run of its schedule, which
/// ended in another way: seen in yet another run that ends as the finding did, if one does.
fn parted(executor: &mut dyn Executor, found: &Found, later: &Recording) -> Difference {
    let until = Instant::now() + TIME;
    for _ in (0..AGAIN).take_while(|_| Instant::now() < until) {
        let trace = run_traced(executor, &found.schedule);
        if trace.recording.verdict.is_like(&found.verdict)
            && let Some(difference) = difference(&trace.recording, later)
        {
            return difference;
        }
    }
    other_end(&found.verdict, later)
}
