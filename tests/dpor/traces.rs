//! What a Mazurkiewicz trace is, written down a second time: from the record of an
//! execution alone, for programs of words, plain data and locks that are taken and given
//! back.
//!
//! Two steps conflict if a task takes both, or if they act on one object and one of them
//! may change it; a refused exchange changes nothing. A trace is the steps with the order
//! that conflicts give them, in any number of hops.

use selvedge_harness::{Kind, Recording};

/// Which steps of other tasks come before each step, in a form that is equal for two
/// executions of one trace: for each task, each step's clock.
pub(super) fn trace(recording: &Recording) -> Vec<Vec<Vec<u32>>> {
    let tasks = recording.tasks.len();
    let mut clocks: Vec<Vec<u32>> = Vec::new();
    let mut by_task: Vec<Vec<Vec<u32>>> = vec![Vec::new(); tasks];
    for (index, step) in recording.steps.iter().enumerate() {
        let mut clock = vec![0; tasks];
        for (earlier, before) in recording.steps[..index].iter().zip(&clocks) {
            let meet = objects(earlier).any(|object| objects(step).any(|other| other == object));
            if earlier.task == step.task || meet && !(only_reads(earlier) && only_reads(step)) {
                clock.iter_mut().zip(before).for_each(|(own, theirs)| *own = (*own).max(*theirs));
            }
        }
        clock[step.task] += 1;
        by_task[step.task].push(clock.clone());
        clocks.push(clock);
    }
    by_task
}

fn objects(step: &selvedge_harness::judge::Step) -> impl Iterator<Item = usize> {
    [step.object, step.also].into_iter().flatten()
}

fn only_reads(step: &selvedge_harness::judge::Step) -> bool {
    step.kind == Kind::Read || step.name == "compare_exchange" && step.value == Some(u64::MAX)
}
