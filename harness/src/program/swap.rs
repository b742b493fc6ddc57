//! The critical pair of a finding: two operations which, in the other order, make the run
//! pass; found by running it so.
//!
//! Called for every violation that is reported, after it was shrunk, and for every one
//! that is replayed. The candidates are those of `judge::pair`. Each is run in up to four
//! ways; what follows the two stays in its order as far as it still fits:
//!
//! | way | what is done before the first of the two |
//! |---|---|
//! | own | the steps of the second one's task, up to and with the second |
//! | section | the same, and on to where it gives back the lock that it took |
//! | causal | every step on which the second depends, unless it depends on the first |
//! | answered | of two calls on files, every step but those of the first one's task, up to where the second one's goes on: no record shows whose question a server answers |
//!
//! 1. A pair is reported only if a run passed in which both operations were seen to happen,
//!    of the same tasks, from the same lines, on one object or on two files, in the other
//!    order; and as much went wrong on purpose in it as in the finding.
//! 2. Without such a pair, and without faults, all schedules are run, if they are few: a
//!    program that fails in every one of them does not fail by their order.
//!
//! When a process dies here, see the engines: only their executions run.

use super::config::Config;
use super::finding::Swap;
use super::job::Job;
use crate::engine::Executor;
use crate::fault::Faults;
use crate::judge::{CriticalPair, Later, Order, Place, Recording, Step, Verdict, candidates, record};
use crate::kernel::{Choice, Mismatch, Plan, faults};
use crate::strategy::Strategy;
use crate::token::Token;
use selvedge::platform::Kind;
use std::time::{Duration, Instant};

/// Executions at most, for pairs and then for all schedules.
const RUNS: u64 = 300;
/// Time at most for each of the two, unless the shrinker may take longer.
const TIME: Duration = Duration::from_secs(2);
/// What part of it a livelock gets, each of whose executions is as long as one may be.
const LIVELOCK: u32 = 20;

/// Looks for the critical pair of a recorded violation; `None` if that is none. `patience` is that
/// of the shrinker.
pub(super) fn swap(executor: &mut dyn Executor, recording: &Recording, patience: Duration) -> Option<Swap> {
    if !recording.verdict.is_violation() || recording.steps.len() != recording.schedule.len() {
        return None;
    }
    let (order, pairs) = candidates(recording);
    let livelock = matches!(recording.verdict, Verdict::Livelock { .. });
    let time = patience.max(TIME);
    let until = Instant::now() + if livelock { time / LIVELOCK } else { time };
    let mut runs = 0;
    let mut tried = 0;
    for pair in &pairs {
        let mut ways: Vec<Vec<Choice>> = [
            answered_first(recording, pair),
            Some(causal_first(recording, &order, pair)),
            Some(own_first(recording, pair)),
        ]
        .into_iter()
        .flatten()
        .map(|moved| reordered(recording, pair, &moved, 0))
        .collect();
        ways.dedup();
        let mut section = takes(recording, pair) && !livelock;
        while let Some(schedule) = ways.pop() {
            if runs == RUNS || Instant::now() >= until {
                return Some(Swap::None { tried, all: false });
            }
            runs += 1;
            let Some(other) = follow(executor, &schedule, section) else { continue };
            let as_bad = faults(&other.schedule) == faults(&recording.schedule);
            if other.verdict == Verdict::Pass && as_bad && happened(recording, pair, &other) {
                let schedule = other.schedule;
                return Some(Swap::Passes { pair: *pair, schedule, token: String::new() });
            }
            // The first way is the one that tells how long the lock is held.
            if std::mem::take(&mut section)
                && let Some(held) = section_of(recording, pair, &other)
            {
                ways.push(reordered(recording, pair, &own_first(recording, pair), held));
            }
        }
        tried += 1;
    }
    if faults(&recording.schedule) == 0
        && !livelock
        && let Some(schedules) = all_fail(executor, time)
    {
        return Some(Swap::Always { schedules });
    }
    Some(Swap::None { tried, all: true })
}

/// The same with the schedule of the run that passed as text.
pub(super) fn with_token(swap: Option<Swap>, job: &Job<'_>, config: &Config) -> Option<Swap> {
    Some(match swap? {
        Swap::Passes { pair, schedule, .. } => {
            let (identity, granularity) = (job.identity.clone(), config.granularity);
            let token = Token { identity, granularity, schedule: schedule.clone() }.to_string();
            Swap::Passes { pair, schedule, token }
        }
        other => other,
    })
}

/// Runs a schedule as far as it fits, and then on without preemption: its record, if it is
/// wanted `anyhow` or the run passes.
fn follow(executor: &mut dyn Executor, schedule: &[Choice], anyhow: bool) -> Option<Recording> {
    let kernel = executor.kernel();
    kernel.plan = Plan { record: true, mismatch: Mismatch::Skip, ..Plan::STAY };
    kernel.set_prefix(&schedule[..schedule.len().min(kernel.limits.steps)]);
    let mut label = String::new();
    let verdict = executor.execute(&mut label);
    (anyhow || verdict == Verdict::Pass).then(|| record(executor, verdict, label))
}

/// The schedule with these steps taken up before the first operation of the pair, with the
/// second after them, and so many more of its task.
fn reordered(recording: &Recording, pair: &CriticalPair, moved: &[usize], more: usize) -> Vec<Choice> {
    let schedule = &recording.schedule;
    let [_, task] = pair.tasks(recording);
    let pending = usize::from(matches!(pair.second, Later::Pending(_)));
    let up = moved.iter().map(|&step| schedule[step]);
    let rest = (pair.first..schedule.len()).filter(|step| !moved.contains(step)).map(|step| schedule[step]);
    let next = std::iter::repeat_n(Choice::run(task), pending + more);
    schedule[..pair.first].iter().copied().chain(up).chain(next).chain(rest).collect()
}

/// The steps from the first operation of a pair to the second, that one included.
fn between(recording: &Recording, pair: &CriticalPair) -> std::ops::Range<usize> {
    match pair.second {
        Later::Step(second) => pair.first..second + 1,
        Later::Pending(_) => pair.first..recording.steps.len(),
    }
}

fn own_first(recording: &Recording, pair: &CriticalPair) -> Vec<usize> {
    let [_, task] = pair.tasks(recording);
    between(recording, pair).filter(|&step| recording.steps[step].task == task).collect()
}

fn causal_first(recording: &Recording, order: &Order<'_>, pair: &CriticalPair) -> Vec<usize> {
    let Some(&last) = own_first(recording, pair).last() else { return Vec::new() };
    let moves = |step: &usize| *step == last || order.before(*step, last) && !order.before(pair.first, *step);
    between(recording, pair).filter(moves).collect()
}

/// None where the two are not calls on files.
fn answered_first(recording: &Recording, pair: &CriticalPair) -> Option<Vec<usize>> {
    let [first, second] = pair.tasks(recording);
    let Later::Step(asks) = pair.second else { return None };
    let steps = &recording.steps;
    if ![pair.first, asks].iter().all(|&at| is_of_files(&steps[at])) {
        return None;
    }
    let goes_on = (asks + 1..steps.len()).find(|&at| steps[at].task == second);
    let end = goes_on.map_or(steps.len(), |at| at + 1);
    Some((pair.first..end).filter(|&at| steps[at].task != first).collect())
}

fn is_of_files(step: &Step) -> bool {
    matches!(step.kind, Kind::Input | Kind::Output)
}

/// Whether the second operation of a pair takes a lock.
fn takes(recording: &Recording, pair: &CriticalPair) -> bool {
    let kind = match pair.second {
        Later::Step(index) => Some(recording.steps[index].kind),
        Later::Pending(task) => recording.tasks[task].pending.as_ref().map(|pending| pending.kind),
    };
    kind.is_some_and(|kind| matches!(kind, Kind::Acquire | Kind::TryAcquire))
}

/// How many steps of the second one's task follow in `other` up to where it gives back the
/// lock that it took, that step included.
fn section_of(recording: &Recording, pair: &CriticalPair, other: &Recording) -> Option<usize> {
    let [_, task] = pair.tasks(recording);
    let taken = place_of_second(recording, pair, other)?;
    let object = other.steps[taken].object?;
    let mut own = other.steps[taken + 1..].iter().filter(|step| step.task == task);
    own.position(|step| step.kind == Kind::Release && step.object == Some(object)).map(|at| at + 1)
}

/// Where the turn of a task with this number stands in a recording, if it is this operation.
fn find(other: &Recording, task: usize, number: usize, name: &str, place: &Place) -> Option<usize> {
    let own = other.steps.iter().enumerate();
    let mut own = own.filter(|(_, step)| step.task == task && step.outcome.is_turn());
    own.nth(number).filter(|(_, step)| step.name == name && step.place == *place).map(|(at, _)| at)
}

fn turns(steps: &[Step], task: usize) -> usize {
    steps.iter().filter(|step| step.task == task && step.outcome.is_turn()).count()
}

/// Where a step of a recording stands in another one.
fn place_of(recording: &Recording, index: usize, other: &Recording) -> Option<usize> {
    let step = &recording.steps[index];
    find(other, step.task, turns(&recording.steps[..index], step.task), &step.name, &step.place)
}

fn place_of_second(recording: &Recording, pair: &CriticalPair, other: &Recording) -> Option<usize> {
    match pair.second {
        Later::Step(index) => place_of(recording, index, other),
        Later::Pending(task) => {
            let pending = recording.tasks[task].pending.as_ref()?;
            find(other, task, turns(&recording.steps, task), &pending.name, &pending.place)
        }
    }
}

/// Whether both operations of a pair happened in another recording, on one object, in the
/// other order.
fn happened(recording: &Recording, pair: &CriticalPair, other: &Recording) -> bool {
    let first = place_of(recording, pair.first, other);
    first.zip(place_of_second(recording, pair, other)).is_some_and(|(first, second)| {
        let objects = |at: usize| [other.steps[at].object, other.steps[at].also].into_iter().flatten();
        let of_files = |at: usize| is_of_files(&other.steps[at]);
        let meet = || objects(first).any(|object| objects(second).any(|also| also == object));
        second < first && (of_files(first) && of_files(second) || meet())
    })
}

/// How many schedules there are up to commutation, if all of them were run and failed.
fn all_fail(executor: &mut dyn Executor, time: Duration) -> Option<usize> {
    let until = Instant::now() + time;
    executor.kernel().arm(&Faults::none(), None);
    let mut search = Strategy::Dpor.search(0, (0, 1));
    let mut schedules = 0;
    for _ in 0..RUNS {
        if Instant::now() >= until || !search.plan(0, executor.kernel()) {
            break;
        }
        let verdict = executor.execute(&mut String::new());
        if search.learn(executor.kernel()) {
            if !verdict.is_violation() {
                return None;
            }
            schedules += 1;
        }
    }
    search.complete().then_some(schedules)
}
