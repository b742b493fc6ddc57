//! Programs that start their tasks as they run, drawn at random: processes and threads, some
//! joined, some killed, some left to themselves.

use super::classics::config;
use super::programs::{Action, Family};
use super::world::{act, counts, outcome, world};
use selvedge_harness::prelude::outcome as label;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Recording, Rng};
use std::collections::BTreeSet;

const SCHEDULES: u64 = if cfg!(debug_assertions) { 200 } else { 2_000 };

/// What becomes of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Joined,
    Killed,
    Left,
}

#[derive(Clone, Debug)]
struct Child {
    is_thread: bool,
    fate: Fate,
    actions: Vec<Action>,
}

/// The children, and what the main task does once it has started them.
#[derive(Clone, Debug)]
struct Drawn {
    children: Vec<Child>,
    main: Vec<Action>,
}

enum Handle {
    Process(Process),
    Thread(thread::JoinHandle<()>),
}

fn draw(seed: u64, number: u64) -> Drawn {
    let mut rng = Rng::derive(seed, number);
    let mut lists = Family::Locks.program(seed, number);
    lists.truncate(3);
    let main = lists.pop().unwrap_or_default();
    let mut child = |actions| {
        let is_thread = rng.below(2) == 0;
        let fate = match rng.below(4) {
            0 if !is_thread => Fate::Killed,
            1 => Fate::Left,
            _ => Fate::Joined,
        };
        Child { is_thread, fate, actions }
    };
    Drawn { children: lists.into_iter().map(&mut child).collect(), main }
}

fn body(drawn: &Drawn) {
    let state = Shared::new(world());
    let start = |(task, child): (usize, &Child)| {
        let (state, actions) = (state.clone(), child.actions.clone());
        let run = move || act(&state, None, &actions, task);
        if child.is_thread {
            Handle::Thread(thread::spawn(run))
        } else {
            Handle::Process(Process::spawn(run))
        }
    };
    let handles: Vec<Handle> = drawn.children.iter().enumerate().map(start).collect();
    act(&state, None, &drawn.main, 3);
    let mut joined = true;
    for (handle, child) in handles.into_iter().zip(&drawn.children) {
        joined &= child.fate != Fate::Left;
        match handle {
            _ if child.fate == Fate::Left => std::mem::forget(handle),
            Handle::Process(process) => {
                if child.fate == Fate::Killed {
                    process.kill().unwrap();
                }
                process.join().unwrap();
            }
            Handle::Thread(thread) => _ = thread.join(),
        }
    }
    if joined {
        label(state.label());
    }
}

fn outcomes(runs: &[Recording]) -> BTreeSet<String> {
    runs.iter().filter(|run| counts(run)).map(outcome).collect()
}

fn compare(seed: u64, programs: u64) -> u64 {
    let (mut compared, mut schedules, mut traces, mut blocked) = (0, 0, 0, 0);
    for number in 0.. {
        if compared == programs {
            break;
        }
        let drawn = draw(seed, number);
        let program = AnyProgram::dynamic({
            let drawn = drawn.clone();
            move || body(&drawn)
        });
        let record = |strategy, most| {
            let runs = program.record(&Config { strategy, ..config() }, 0..most).unwrap();
            ((runs.len() as u64) < most).then_some(runs)
        };
        let Some(all) = record(Strategy::Dfs { preemptions: None }, SCHEDULES) else { continue };
        let told = || format!("seed {seed}, program {number}: {drawn:?}");
        let run = record(Strategy::Dpor, 20 * SCHEDULES).unwrap_or_else(|| panic!("no end: {}", told()));
        let (expected, found) = (outcomes(&all), outcomes(&run));
        let lost: Vec<_> = expected.difference(&found).collect();
        assert!(lost.is_empty() && found == expected, "{}\nlost: {lost:#?}\nof {expected:#?}", told());
        compared += 1;
        schedules += all.len();
        traces += run.len();
        blocked += run.iter().filter(|run| !counts(run)).count();
    }
    println!("{compared} programs: {schedules} schedules, {traces} traces, {blocked} blocked");
    blocked as u64
}

#[test]
fn nothing_is_lost_where_tasks_start_and_end_tasks() {
    // Whoever waits for the end of a task is not tried before it: few executions are given up.
    let blocked = compare(1, 100);
    assert!(blocked <= 2, "{blocked} blocked");
}
