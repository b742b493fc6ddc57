//! Whether the scheduler alone decides what a program does.
//!
//! Called with every finding before it is reported, with every schedule that is
//! replayed, and with the first execution of an exploration: each is run again with a
//! record, and the records are compared event for event. A finding that does not come
//! out the same is no finding: nobody could reproduce it, so the verdict is that nothing
//! was decided, and why. Where only an execution without a finding differs, the report
//! warns.
//!
//! | what differs | what is said |
//! |---|---|
//! | an event, or the end | both, with step, task, operation, object, value and line |
//! | the schedule stops fitting | the step, and what the task that it names stands before |
//!
//! What an address decides is the same in two executions of one process, as a rule,
//! because the allocator gives out the same blocks again, and so is the order of a hash
//! map in processes forked from one. So the later runs find some blocks taken, and other
//! keys.

use super::record::{run_once, run_recorded};
use super::run::Found;
use crate::engine::Executor;
use crate::judge::{Difference, Recording, difference, diverged, is_again, other_end, record};
use crate::kernel::Choice;

/// How often a schedule is run: what the clock decides by a coin comes out the same
/// twice in half of the cases, and three times in a quarter.
const RUNS: usize = 3;
/// Blocks of each size that the later runs find taken, and the largest size in bytes.
const BLOCKS: usize = 8;
const LARGEST: usize = 1024;

/// Runs a schedule several times: its record, and where another run of it differs.
pub(super) fn run_again(executor: &mut dyn Executor, schedule: &[Choice]) -> (Recording, Option<Difference>) {
    let recording = run_once(executor, schedule);
    let differs = differs(executor, &recording, schedule);
    (recording, differs)
}

/// Where another run of a recorded execution differs from it. The schedule is the one
/// that was asked for: where it did not fit, the record ends before it does.
pub(super) fn differs(
    executor: &mut dyn Executor,
    recording: &Recording,
    schedule: &[Choice],
) -> Option<Difference> {
    let sizes = (16..=LARGEST).step_by(16);
    let taken: Vec<Vec<u8>> =
        sizes.flat_map(|size| std::iter::repeat_with(move || vec![1; size]).take(BLOCKS)).collect();
    let found = (1..RUNS).find_map(|_| {
        // Each hasher made moves the keys of the next one, also in processes forked later,
        // which would otherwise all begin with the same.
        let _ = std::hash::RandomState::new();
        let (verdict, label) = run_recorded(executor, schedule);
        if is_again(executor, recording, &verdict, &label) {
            return None;
        }
        difference(recording, &record(executor, verdict, label))
    });
    drop(std::hint::black_box(taken));
    found
}

/// The record of a finding, or why it is none.
pub(super) fn confirm(executor: &mut dyn Executor, found: &Found) -> Result<Recording, Difference> {
    let (recording, differs) = run_again(executor, &found.schedule);
    match differs {
        Some(difference) => Err(difference),
        None if recording.verdict.is_like(&found.verdict) => Ok(recording),
        None => Err(diverged(&recording).unwrap_or_else(|| other_end(&found.verdict, &recording))),
    }
}
