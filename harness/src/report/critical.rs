//! Where a schedule took the turn from a task that could have gone on, and which two
//! operations that brought into the harmful order.
//!
//! A recording does not keep who was enabled at each step, so this works it out from
//! the steps: an operation without a guard can always go on; a lock could be taken if
//! nobody held it; a join could end if the task had; any other wait could end if
//! nobody touched its object before it did. Where that is not certain, a switch is
//! not called a preemption.

use super::style::clean;
use super::words;
use crate::judge::{Pending, Recording, Step};
use crate::kernel::Outcome;
use selvedge::platform::Kind;

/// Two operations of different tasks on one object, not both reads, as indices into
/// [`Recording::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CriticalPair {
    /// The earlier one.
    pub first: usize,
    /// The later one.
    pub second: usize,
}

impl CriticalPair {
    /// Whether the step with this index is one of the two.
    pub fn contains(&self, step: usize) -> bool {
        self.first == step || self.second == step
    }

    /// Both operations with their tasks and source lines, on two lines.
    pub fn describe(&self, recording: &Recording) -> String {
        let describe = |index: usize| {
            let step = &recording.steps[index];
            let task = words::task(recording, step.task);
            let operation = words::operation(recording, step);
            format!("{task}: {operation} at step {} ({})", index + 1, clean(&step.place.to_string()))
        };
        format!("critical pair: {}\n         then  {}", describe(self.first), describe(self.second))
    }
}

/// What a task did next: a step (with its index), or what it still stood before.
enum Next<'r> {
    Step(usize, &'r Step),
    Pending(&'r Pending),
}

impl Next<'_> {
    fn operation(&self) -> (Kind, Option<usize>) {
        match self {
            Next::Step(_, step) => (step.kind, step.object),
            Next::Pending(pending) => (pending.kind, pending.object),
        }
    }
}

/// The steps after which another task went on although the task could have: indices
/// of the last step before each such switch.
pub(super) fn preemptions(recording: &Recording) -> Vec<usize> {
    let steps = &recording.steps;
    let mut next_of = vec![None; steps.len()];
    let mut latest = vec![None; recording.tasks.len()];
    let mut last_of = vec![None; recording.tasks.len()];
    for (index, step) in steps.iter().enumerate().rev() {
        let Some(slot) = latest.get_mut(step.task) else { continue };
        next_of[index] = slot.replace(index);
        last_of[step.task].get_or_insert(index);
    }
    let mut held = vec![0_i64; recording.objects.len()];
    let mut preemptions = Vec::new();
    for index in 0..steps.len().saturating_sub(1) {
        let step = &steps[index];
        possess(step, &mut held);
        if steps[index + 1].task == step.task || step.kind == Kind::Park || step.value.is_none() {
            continue;
        }
        let pending =
            || recording.tasks.get(step.task).and_then(|task| task.pending.as_ref()).map(Next::Pending);
        let next = next_of[index].map(|next| Next::Step(next, &steps[next])).or_else(pending);
        let Some(next) = next else { continue };
        let (kind, object) = next.operation();
        let free = match (kind, object.filter(|&object| object < held.len())) {
            (Kind::Sleep, _) => false,
            (Kind::Acquire, Some(object)) => held[object] <= 0,
            (Kind::Join, Some(object)) => recording.objects[object].task.is_some_and(|task| {
                last_of.get(task).is_some_and(|last| last.is_none_or(|last| last <= index))
            }),
            (Kind::Wait | Kind::Acquire | Kind::Join, object) => untouched(steps, index, &next, object),
            _ => true,
        };
        if free {
            preemptions.push(index);
        }
    }
    preemptions
}

/// Counts who holds what, as far as a switch needs to know.
fn possess(step: &Step, held: &mut [i64]) {
    let mut add = |object: Option<usize>, change: i64| {
        if let Some(count) = object.and_then(|object| held.get_mut(object)) {
            *count = (*count + change).max(0);
        }
    };
    if !step.outcome.is_run() {
        return;
    }
    match step.kind {
        Kind::Acquire if step.value.is_some_and(|value| value != u64::MAX) && step.outcome.is_run() => {
            add(step.object, 1);
        }
        Kind::TryAcquire if step.value == Some(1) => add(step.object, 1),
        Kind::Release => add(step.object, -1),
        Kind::Park => add(step.also, -1),
        _ => {}
    }
}

/// Whether a wait that ended was not touched by anybody between `from` and its end:
/// then it could have ended all along.
fn untouched(steps: &[Step], from: usize, next: &Next<'_>, object: Option<usize>) -> bool {
    let Next::Step(end, step) = next else { return false };
    step.outcome != Outcome::TimeOut
        && !steps[from + 1..*end].iter().any(|between| between.object == object || between.also == object)
}

/// Steps on either side of a switch that are searched for a pair.
const REACH: usize = 400;

/// The two conflicting operations that lie closest around the first preemption; around
/// the first switch where nobody was preempted.
pub fn critical_pair(recording: &Recording) -> Option<CriticalPair> {
    let steps = &recording.steps;
    let mut anchors = preemptions(recording);
    if anchors.is_empty() {
        anchors =
            (1..steps.len()).filter(|&at| steps[at].task != steps[at - 1].task).map(|at| at - 1).collect();
    }
    anchors.into_iter().take(REACH).find_map(|anchor| {
        let preempted = steps[anchor].task;
        let around = |own: bool| {
            let before = (anchor.saturating_sub(REACH)..=anchor).rev();
            let pairs = before.filter(|&first| !own || steps[first].task == preempted).filter_map(|first| {
                let after = anchor + 1..steps.len().min(anchor + REACH);
                let second = after.into_iter().find(|&second| conflict(&steps[first], &steps[second]))?;
                Some(CriticalPair { first, second })
            });
            pairs.min_by_key(|pair| pair.second - pair.first)
        };
        around(true).or_else(|| around(false))
    })
}

/// Whether the order of two steps may matter and could have been the other way round.
fn conflict(a: &Step, b: &Step) -> bool {
    let looks = |kind: Kind| matches!(kind, Kind::Read | Kind::Wait);
    let shared = |kind: Kind| !matches!(kind, Kind::Step | Kind::Spawn | Kind::Join | Kind::Sleep);
    // Nobody takes a lock before its holder gives it back, so that order is no choice.
    let forced = a.kind == Kind::Release && matches!(b.kind, Kind::Acquire | Kind::TryAcquire)
        || matches!(a.kind, Kind::Acquire | Kind::TryAcquire) && b.kind == Kind::Release;
    a.task != b.task
        && a.object.is_some()
        && a.object == b.object
        && shared(a.kind)
        && shared(b.kind)
        && !(looks(a.kind) && looks(b.kind))
        && !forced
}
