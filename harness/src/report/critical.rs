//! Where a schedule took the turn from a task that could have gone on, and what is known
//! of the two operations whose order did the harm.
//!
//! A pair is only ever told if a run showed that it passes the other way round; see
//! `program::swap`. The rest of this file is about preemptions.
//!
//! A recording does not keep who was enabled at each step, so this works it out from
//! the steps: an operation without a guard can always go on; a lock could be taken if
//! nobody held it; a join could end if the task had; any other wait could end if
//! nobody touched its object before it did. Where that is not certain, a switch is
//! not called a preemption.

use super::style::clean;
use super::words;
use crate::judge::{CriticalPair, Later, Pending, Recording, Step};
use crate::kernel::Outcome;
use crate::program::{Finding, Swap};
use selvedge::platform::Kind;

/// What is known of the two operations whose order did the harm.
pub fn critical(finding: &Finding) -> Option<String> {
    let recording = &finding.recording;
    Some(match finding.swap.as_ref()? {
        Swap::Passes { pair, .. } => {
            let [first, second] = ends(recording, pair);
            format!("critical pair: {first}\n         then  {second}\n               swapped, it passes")
        }
        Swap::None { tried: 0, .. } => {
            "no critical pair: no two operations could have been swapped".to_owned()
        }
        Swap::None { tried, all: true } => {
            format!("no critical pair: no single swap makes it pass ({})", words::count(*tried, "pair"))
        }
        Swap::None { tried, all: false } => {
            let pairs = words::count(*tried, "pair");
            format!("no critical pair: no single swap of the {pairs} that were tried makes it pass")
        }
        Swap::Always { schedules } => {
            let many = match schedules {
                1 => "there is only one".to_owned(),
                _ => format!("{} that differ", words::count(*schedules, "schedule")),
            };
            format!("no critical pair: it fails in every schedule ({many}), so no order matters")
        }
    })
}

/// Both operations with their tasks and source lines.
pub(super) fn ends(recording: &Recording, pair: &CriticalPair) -> [String; 2] {
    let step = |index: usize| {
        let step = &recording.steps[index];
        let task = words::task(recording, step.task);
        let operation = words::operation(recording, step);
        format!("{task}: {operation} at step {} ({})", index + 1, clean(&step.place.to_string()))
    };
    let second = match pair.second {
        Later::Step(index) => step(index),
        Later::Pending(task) => {
            let name = words::task(recording, task);
            recording.tasks[task].pending.as_ref().map_or_else(String::new, |pending| {
                let place = clean(&pending.place.to_string());
                format!("{name}: {}, which never happened ({place})", words::pending(recording, pending))
            })
        }
    };
    [step(pair.first), second]
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
        // A kill, or a sleeper that wakes without cause, is nobody's turn.
        let turn = steps[index + 1..].iter().find(|later| later.outcome.is_turn());
        if turn.is_none_or(|turn| turn.task == step.task) || step.kind == Kind::Park || step.value.is_none() {
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
