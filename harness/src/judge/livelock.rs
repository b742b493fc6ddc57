//! From the recording of an execution that hit the bound on steps: who spins, and in
//! which loop.
//!
//! Called by reports. A pure function of the recording.
//!
//! The loop of a task is the shortest period of the end of its own steps: what other
//! tasks did in between does not matter, and neither do the values that came out, since
//! a loop may count. A task whose end repeats nothing is told by its last operations.

use super::recording::{Recording, Step};
use super::verdict::Verdict;

/// The longest loop that is looked for, in operations.
const LONGEST: usize = 256;
/// What happened so often in a row is a loop.
const TURNS: usize = 3;
/// Operations that tell about a task without a loop.
const LAST: usize = 8;

/// A task that was still going on when the bound was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spin {
    /// The task.
    pub task: usize,
    /// One turn of its loop, as indices into [`Recording::steps`]; without a loop, its
    /// last operations.
    pub operations: Vec<usize>,
    /// How often the loop was gone through without a pause; 0 where there is no loop.
    pub turns: usize,
}

/// The tasks that took steps in the last half of an execution that never ended, and
/// what they repeat; none for any other verdict.
pub fn spins(recording: &Recording) -> Vec<Spin> {
    if !matches!(recording.verdict, Verdict::Livelock { .. }) {
        return Vec::new();
    }
    let half = recording.steps.len() / 2;
    let running = |task: &usize| recording.tasks[*task].status.is_none();
    (0..recording.tasks.len())
        .filter(running)
        .filter_map(|task| {
            let own: Vec<usize> =
                (0..recording.steps.len()).filter(|&at| recording.steps[at].task == task).collect();
            own.last().is_some_and(|&last| last >= half).then(|| spin(recording, task, &own))
        })
        .collect()
}

/// The tasks that could have gone on but were not chosen in the last half.
pub fn starved(recording: &Recording) -> Vec<usize> {
    if !matches!(recording.verdict, Verdict::Livelock { .. }) {
        return Vec::new();
    }
    let late = &recording.steps[recording.steps.len() / 2..];
    let waits = |task: usize| recording.tasks[task].pending.as_ref().is_some_and(|pending| pending.enabled);
    (0..recording.tasks.len())
        .filter(|&task| waits(task) && late.iter().all(|step| step.task != task))
        .collect()
}

fn spin(recording: &Recording, task: usize, own: &[usize]) -> Spin {
    let alike = |a: usize, b: usize| same(&recording.steps[a], &recording.steps[b]);
    for period in 1..=LONGEST.min(own.len() / TURNS) {
        let repeated = (period..own.len()).rev().take_while(|&at| alike(own[at], own[at - period])).count();
        if repeated >= (TURNS - 1) * period {
            let operations = own[own.len() - period..].to_vec();
            return Spin { task, operations, turns: repeated / period + 1 };
        }
    }
    Spin { task, operations: own[own.len().saturating_sub(LAST)..].to_vec(), turns: 0 }
}

/// Whether both are the same operation, whatever came out.
fn same(a: &Step, b: &Step) -> bool {
    (a.kind, a.object, a.also, a.outcome) == (b.kind, b.object, b.also, b.outcome)
        && a.place == b.place
        && a.name == b.name
}
