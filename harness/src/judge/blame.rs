//! Who holds what and who waits for whom, read from a recording.
//!
//! Pure functions: possession is replayed from the recorded steps, so the kernel
//! keeps no table of holders while it searches.

use super::recording::{Pending, Recording};
use super::verdict::Place;
use selvedge::platform::Kind;

/// A task that holds an object, and where it took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The task.
    pub task: usize,
    /// Where it took the object.
    pub place: Place,
}

/// A task that cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The task.
    pub task: usize,
    /// What it stands before.
    pub pending: Pending,
    /// Who holds what it wants.
    pub holders: Vec<Holder>,
    /// The task whose end it waits for.
    pub joins: Option<usize>,
}

/// The objects held after the first `steps` steps, as pairs of object and holder.
pub fn held_at(recording: &Recording, steps: usize) -> Vec<(usize, Holder)> {
    let mut held: Vec<(usize, Holder)> = Vec::new();
    let drop_one = |held: &mut Vec<(usize, Holder)>, object: usize, task: usize| {
        let own = held.iter().position(|(o, holder)| *o == object && holder.task == task);
        // A semaphore may be released by a task that never took it.
        if let Some(index) = own.or_else(|| held.iter().position(|(o, _)| *o == object)) {
            held.remove(index);
        }
    };
    for step in recording.steps.iter().take(steps) {
        let Some(object) = step.object.filter(|_| step.outcome.is_run()) else { continue };
        match step.kind {
            Kind::Acquire | Kind::TryAcquire if step.value.is_some_and(|value| value != u64::MAX) => {
                held.push((object, Holder { task: step.task, place: step.place.clone() }));
            }
            Kind::Release => drop_one(&mut held, object, step.task),
            Kind::Park => {
                if let Some(lock) = step.also {
                    drop_one(&mut held, lock, step.task);
                }
            }
            _ => {}
        }
    }
    held
}

/// The tasks that could not go on when the execution ended.
pub fn blocked(recording: &Recording) -> Vec<Blocked> {
    let held = held_at(recording, recording.steps.len());
    recording
        .tasks
        .iter()
        .enumerate()
        .filter_map(|(task, record)| {
            let pending = record.pending.clone().filter(|pending| !pending.enabled)?;
            let wanted = pending.object;
            let holders = held
                .iter()
                .filter(|(object, _)| Some(*object) == wanted && pending.kind == Kind::Acquire)
                .map(|(_, holder)| holder.clone())
                .collect();
            let joins = wanted.and_then(|object| recording.objects[object].task);
            Some(Blocked { task, pending, holders, joins })
        })
        .collect()
}

/// A cycle in the wait-for relation, as task numbers; empty if there is none.
pub fn cycle(blocked: &[Blocked]) -> Vec<usize> {
    let next = |task: usize| -> Option<usize> {
        let entry = blocked.iter().find(|entry| entry.task == task)?;
        entry.joins.or_else(|| entry.holders.first().map(|holder| holder.task))
    };
    for start in blocked {
        let mut path = vec![start.task];
        while let Some(task) = next(path[path.len() - 1]) {
            if let Some(at) = path.iter().position(|&seen| seen == task) {
                return path.split_off(at);
            }
            path.push(task);
        }
    }
    Vec::new()
}
