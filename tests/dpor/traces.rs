//! What a Mazurkiewicz trace is, written down a second time: from the record of an
//! execution alone, for programs of words, plain data, and locks and permits that are taken and
//! given back.
//!
//! Two steps conflict if a task takes both, or if they act on one object and one of them
//! may change it; an exchange or a try that is refused changes nothing. A step that
//! panicked while its task held locks gave them back as part of it and conflicts with all
//! others. A trace is the steps with the order that conflicts give them, in any number of
//! hops.

use super::world::{EXITED, RECOVERED};
use selvedge_harness::judge::Step;
use selvedge_harness::{Kind, Recording};
use std::collections::{BTreeMap, BTreeSet};

/// Which steps of other tasks come before each step, in a form that is equal for two
/// executions of one trace: for each task, each step's clock. Where locks `survive` their holders,
/// a process that ends gives them back.
pub(super) fn trace(recording: &Recording, survive: bool) -> Vec<Vec<Vec<u32>>> {
    let tasks = recording.tasks.len();
    let mut clocks: Vec<Vec<u32>> = Vec::new();
    let mut by_task: Vec<Vec<Vec<u32>>> = vec![Vec::new(); tasks];
    let gave_back = gave_back_as_they_panicked(recording);
    let left = if survive { left_behind(recording) } else { BTreeMap::new() };
    for (index, step) in recording.steps.iter().enumerate() {
        let mut clock = vec![0; tasks];
        for (at, (earlier, before)) in recording.steps[..index].iter().zip(&clocks).enumerate() {
            let wall = gave_back.contains(&at) || gave_back.contains(&index);
            let meet = objects(earlier).any(|object| objects(step).any(|other| other == object));
            let clash = meet && !(only_reads(earlier) && only_reads(step));
            let inherits =
                |step: &Step, at| left.get(&at).is_some_and(|&lock| objects(step).any(|o| o == lock));
            let both = left.get(&at).is_some_and(|lock| left.get(&index) == Some(lock));
            let heirs = inherits(step, at) || inherits(earlier, index) || both;
            if wall || earlier.task == step.task || clash || heirs {
                clock.iter_mut().zip(before).for_each(|(own, theirs)| *own = (*own).max(*theirs));
            }
        }
        clock[step.task] += 1;
        by_task[step.task].push(clock.clone());
        clocks.push(clock);
    }
    by_task
}

fn objects(step: &Step) -> impl Iterator<Item = usize> {
    [step.object, step.also].into_iter().flatten()
}

fn only_reads(step: &Step) -> bool {
    let can_be_refused = step.kind == Kind::TryAcquire
        || ["compare_exchange", "try_put", "try_get"].contains(&step.name.as_str());
    step.kind == Kind::Read || can_be_refused && step.value == Some(u64::MAX)
}

/// The steps with which a process ended that had a lock, and that lock.
fn left_behind(recording: &Recording) -> BTreeMap<usize, usize> {
    let mut found = BTreeMap::new();
    for (task, ended) in recording.tasks.iter().enumerate() {
        let mut held = None;
        let mut last = None;
        for (index, step) in recording.steps.iter().enumerate().filter(|(_, step)| step.task == task) {
            let takes = matches!(step.kind, Kind::Acquire | Kind::TryAcquire) && step.value != Some(u64::MAX);
            held = if takes { step.object } else { held.filter(|_| step.kind != Kind::Release) };
            last = Some(index);
        }
        if let (Some(EXITED), Some(last), Some(lock)) = (ended.status, last, held) {
            found.insert(last, lock);
        }
    }
    found
}

/// The steps that panicked and were caught while their task held locks.
fn gave_back_as_they_panicked(recording: &Recording) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for task in 0..recording.tasks.len() {
        let own = recording.steps.iter().enumerate().filter(|(_, step)| step.task == task);
        let (mut held, mut last) = (BTreeSet::new(), 0);
        for (index, step) in own {
            match step.name.as_str() {
                "lock" => _ = held.insert(step.object),
                "try_lock" if step.value != Some(u64::MAX) => _ = held.insert(step.object),
                "unlock" => _ = held.remove(&step.object),
                RECOVERED if !held.is_empty() => {
                    found.insert(last);
                    held.clear();
                }
                _ => {}
            }
            last = index;
        }
        let recovers = recording.tasks[task].pending.as_ref().is_some_and(|next| next.name == RECOVERED);
        if recovers && !held.is_empty() {
            found.insert(last);
        }
    }
    found
}
