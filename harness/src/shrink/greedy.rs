//! Cheap attempts: what a person would try first.

use super::Shrinker;
use crate::kernel::{Choice, Plan};

/// Leaves the choices of whole tasks out: first of half of them, then of ever smaller
/// groups (delta debugging, Zeller, Hildebrandt, TSE 2002). A task that is left out
/// runs last, or, where the finding ends the execution, not at all.
pub(super) fn drop_tasks(shrinker: &mut Shrinker<'_>) {
    let mut tasks: Vec<usize> = shrinker.best.iter().map(|choice| choice.task()).collect();
    tasks.sort_unstable();
    tasks.dedup();
    let mut size = tasks.len().div_ceil(2);
    while size > 0 && shrinker.left > 0 {
        let mut start = 0;
        let mut dropped = false;
        while start < tasks.len() && shrinker.left > 0 {
            let end = (start + size).min(tasks.len());
            let without = |choice: &&Choice| tasks[start..end].binary_search(&choice.task()).is_err();
            let prefix: Vec<Choice> = shrinker.best.iter().filter(without).copied().collect();
            if shrinker.attempt(&prefix) {
                tasks.drain(start..end);
                dropped = true;
            } else {
                start = end;
            }
        }
        if !dropped || size > tasks.len() {
            size /= 2;
        }
    }
}

/// Cuts the schedule short, then joins pieces of the same task, as long as either
/// helps.
pub(super) fn join_pieces(shrinker: &mut Shrinker<'_>) {
    let mut improved = true;
    while improved && shrinker.left > 0 {
        improved = cut(shrinker) | join(shrinker);
    }
}

/// Tries the schedule's beginnings, shortest first, each continued without
/// preemption.
fn cut(shrinker: &mut Shrinker<'_>) -> bool {
    let best = shrinker.best.clone();
    let ends = boundaries(&best);
    ends.iter().any(|&end| shrinker.attempt(&best[..end]))
}

/// Tries to move a later piece of a task up to an earlier one, and an earlier one
/// down to a later one.
fn join(shrinker: &mut Shrinker<'_>) -> bool {
    let mut improved = false;
    let mut piece = 0;
    loop {
        let best = shrinker.best.clone();
        let starts = starts(&best);
        let Some(&start) = starts.get(piece) else { return improved };
        let end = starts.get(piece + 1).copied().unwrap_or(best.len());
        let task = best[start].task();
        let next = starts.iter().skip(piece + 1).copied().find(|&at| best[at].task() == task);
        if let Some(later) = next {
            let later_end = later + best[later..].iter().take_while(|choice| choice.task() == task).count();
            let up: Vec<Choice> =
                [&best[..end], &best[later..later_end], &best[end..later], &best[later_end..]].concat();
            let down: Vec<Choice> =
                [&best[..start], &best[end..later], &best[start..end], &best[later..]].concat();
            if shrinker.attempt(&up) || shrinker.attempt(&down) {
                improved = true;
                continue;
            }
        }
        if shrinker.left == 0 {
            return improved;
        }
        piece += 1;
    }
}

fn starts(schedule: &[Choice]) -> Vec<usize> {
    (0..schedule.len()).filter(|&at| at == 0 || schedule[at].task() != schedule[at - 1].task()).collect()
}

fn boundaries(schedule: &[Choice]) -> Vec<usize> {
    let mut ends = starts(schedule);
    ends.push(schedule.len());
    ends
}

/// Tries the run without preemption, with one preemption at each step in turn;
/// spends at most half of what is left.
pub(super) fn one_preemption(shrinker: &mut Shrinker<'_>) {
    shrinker.spend_part(2, preempt_once);
}

fn preempt_once(shrinker: &mut Shrinker<'_>) {
    let kernel = shrinker.executor.kernel();
    kernel.plan = Plan { log_enabled: true, ..Plan::STAY };
    if shrinker.run().is_none() {
        return;
    }
    let kernel = shrinker.executor.kernel();
    let base = kernel.schedule().to_vec();
    let alternatives: Vec<Vec<usize>> = (0..base.len())
        .map(|step| {
            let enabled = kernel.enabled_at(step);
            let tasks = 0..kernel.tasks as usize;
            tasks
                .filter(|task| enabled[task / 64] >> (task % 64) & 1 == 1 && *task != base[step].task())
                .collect()
        })
        .collect();
    shrinker.attempt(&[]);
    // Tasks are often alike: first one alternative at every step, then the others.
    let most = alternatives.iter().map(Vec::len).max().unwrap_or(0);
    for rank in 0..most {
        for (step, tasks) in alternatives.iter().enumerate() {
            let Some(&task) = tasks.get(rank) else { continue };
            if shrinker.left == 0 {
                return;
            }
            let prefix: Vec<Choice> = base[..step].iter().copied().chain([Choice::run(task)]).collect();
            shrinker.attempt(&prefix);
        }
    }
}
