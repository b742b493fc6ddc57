//! Whether the scheduler alone decides what a program does.
//!
//! Called with every finding before it is reported, with every schedule that is
//! replayed, and with the first execution of an exploration, at its begin and at its end: each
//! is run again with a record, and the records are compared event for event. A finding that does not come
//! out the same is no finding: nobody could reproduce it, so the verdict is that nothing
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
//! processes forked from one. So the second run and the third find their objects, stacks and
//! processes [elsewhere](Executor::elsewhere), some blocks taken, and other keys. What lies
//! where the operating system loaded the program stays where it is: an address of code or of a
//! static variable differs only from one start of the program to the next.
//!
//! When a process dies here, see the engines: only their executions run.

use super::record::{run_recorded, run_traced};
use super::run::Found;
use crate::engine::Executor;
use crate::judge::{Difference, Recording, Trace, Verdict, difference, diverged, other_end};
use crate::kernel::Choice;
use std::time::{Duration, Instant};

/// How often a schedule is run at least: once as it was found, and twice elsewhere.
const LEAST: usize = 3;
/// How often it is run at most, and how long there is time for more than the least: what a
/// clock decides by a coin comes out the same three times in a quarter of the cases.
const MOST: usize = 12;
const TIME: Duration = Duration::from_millis(5);
/// Runs of a schedule until it ends as it did once, to see how another run differs from that.
const AGAIN: usize = 24;
/// Blocks of each size that the later runs find taken, and the largest small size in bytes.
/// Odd numbers, so that an address changes in its lowest bit and in others.
const BLOCKS: [usize; LEAST - 1] = [7, 11];
const SMALL: usize = 1024;
/// The largest size: larger than what allocators keep, and never written to.
const LARGEST: usize = 8 << 20;

/// Runs a schedule several times: its record, and where another run of it differs.
pub(super) fn run_again(executor: &mut dyn Executor, schedule: &[Choice]) -> (Recording, Option<Difference>) {
    let trace = run_traced(executor, schedule);
    let differs = differs(executor, &trace, schedule);
    (trace.recording, differs)
}

/// Where another run of a recorded execution differs from it. The schedule is the one
/// that was asked for: where it did not fit, the record ends before it does.
pub(super) fn differs(executor: &mut dyn Executor, trace: &Trace, schedule: &[Choice]) -> Option<Difference> {
    let until = Instant::now() + TIME;
    let mut taken: Vec<Vec<u8>> = Vec::new();
    let mut found = None;
    for blocks in BLOCKS {
        take_blocks(&mut taken, blocks);
        // Each hasher made moves the keys of the next one, also in processes forked later,
        // which would otherwise all begin with the same.
        let _ = std::hash::RandomState::new();
        let mut differs = |executor: &mut dyn Executor| found = differs_once(executor, trace, schedule);
        if !executor.elsewhere(&mut differs) {
            differs(executor);
        }
        if found.is_some() {
            break;
        }
    }
    for _ in LEAST..MOST {
        if found.is_some() || Instant::now() >= until {
            break;
        }
        found = differs_once(executor, trace, schedule);
    }
    drop(std::hint::black_box(taken));
    found
}

/// Where one more run of a recorded execution differs from it.
pub(super) fn differs_once(
    executor: &mut dyn Executor,
    trace: &Trace,
    schedule: &[Choice],
) -> Option<Difference> {
    let (verdict, label) = run_recorded(executor, schedule);
    if trace.is_again(executor, &verdict, &label) {
        return None;
    }
    trace.difference(&Trace::of(executor, verdict, label))
}

/// Takes blocks of all sizes from the allocator.
fn take_blocks(taken: &mut Vec<Vec<u8>>, blocks: usize) {
    let small = (16..=SMALL).step_by(16).flat_map(|size| std::iter::repeat_n(size, blocks));
    taken.extend(small.map(|size| vec![1; size]));
    let large = std::iter::successors(Some(2 * SMALL), |size| Some(size * 2));
    taken.extend(large.take_while(|&size| size <= LARGEST).map(Vec::with_capacity));
}

/// The record of a finding, or why it is none.
pub(super) fn confirm(executor: &mut dyn Executor, found: &Found) -> Result<Recording, Difference> {
    let (recording, differs) = run_again(executor, &found.schedule);
    match differs {
        Some(difference) => Err(difference),
        None if recording.verdict.is_like(&found.verdict) => Ok(recording),
        None => Err(diverged(&recording).unwrap_or_else(|| parted(executor, found, &recording))),
    }
}

/// Where a finding, of which there is no record, parts from a later run of its schedule, which
/// ended in another way: seen in yet another run that ends as the finding did, if one does.
fn parted(executor: &mut dyn Executor, found: &Found, later: &Recording) -> Difference {
    let is_slow = matches!(later.verdict, Verdict::Livelock { .. });
    for _ in 0..if is_slow { 0 } else { AGAIN } {
        let trace = run_traced(executor, &found.schedule);
        if trace.recording.verdict.is_like(&found.verdict)
            && let Some(difference) = difference(&trace.recording, later)
        {
            return difference;
        }
    }
    other_end(&found.verdict, later)
}
