//! Programs that start their tasks as they run, drawn at random: processes and threads, some
//! joined, some killed, some left to themselves.

use super::classics::config;
use super::programs::{Action, Family};
use super::world::{World, act, counts, values, world};
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

/// A task, and those that it starts before it acts.
#[derive(Clone, Debug)]
struct Drawn {
    is_thread: bool,
    fate: Fate,
    number: usize,
    actions: Vec<Action>,
    children: Vec<Drawn>,
}

enum Handle {
    Process(Process),
    Thread(thread::JoinHandle<()>),
}

/// A tree of up to four tasks.
fn draw(family: Family, seed: u64, number: u64) -> Drawn {
    let mut rng = Rng::derive(seed, number);
    let lists = family.program(seed, number);
    let mut tasks: Vec<(usize, Drawn)> = Vec::new();
    for (number, actions) in lists.into_iter().enumerate() {
        let parent = rng.below((number as u32).max(1)) as usize;
        let beside = tasks.get(parent).is_some_and(|(_, parent)| parent.is_thread);
        let is_thread = number > 0 && (beside || rng.below(2) == 0);
        let fate = match rng.below(4) {
            0 if !is_thread => Fate::Killed,
            1 => Fate::Left,
            _ => Fate::Joined,
        };
        tasks.push((parent, Drawn { is_thread, fate, number, actions, children: Vec::new() }));
    }
    loop {
        let (parent, last) = tasks.pop().expect("at least two lists");
        if tasks.is_empty() {
            return last;
        }
        // Processes are started first: a thread that runs already keeps others from being forked.
        let children = &mut tasks[parent].1.children;
        let at =
            if last.is_thread { children.iter().take_while(|child| !child.is_thread).count() } else { 0 };
        children.insert(at, last);
    }
}

/// What a task does.
fn run(state: &Shared<World>, task: &Drawn) {
    let start = |child: &Drawn| {
        let (state, child, is_thread) = (state.clone(), child.clone(), child.is_thread);
        let body = move || run(&state, &child);
        if is_thread { Handle::Thread(thread::spawn(body)) } else { Handle::Process(Process::spawn(body)) }
    };
    let handles: Vec<Handle> = task.children.iter().map(start).collect();
    act(state, None, &task.actions, task.number);
    for (handle, child) in handles.into_iter().zip(&task.children) {
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
}

fn program(drawn: &Drawn) -> AnyProgram {
    let drawn = drawn.clone();
    AnyProgram::dynamic(move || run(&Shared::new(world()), &drawn))
}

/// What the executions of many programs add up to.
#[derive(Debug, Default)]
struct Total {
    programs: u64,
    schedules: usize,
    traces: usize,
    blocked: usize,
}

/// Compares both strategies on a program, if it has fewer than `most` schedules; or what is wrong.
fn compare_one(drawn: &Drawn, most: u64, total: &mut Total) -> Result<(), String> {
    let program = program(drawn);
    let record = |strategy, most| {
        let runs = program.record(&Config { strategy, ..config() }, 0..most).unwrap();
        ((runs.len() as u64) < most).then_some(runs)
    };
    let Some(all) = record(Strategy::Dfs { preemptions: None }, most) else { return Ok(()) };
    let run = record(Strategy::Dpor, 20 * most).ok_or("no end")?;
    let (run, given_up): (Vec<_>, Vec<_>) = run.into_iter().partition(counts);
    let of = |runs: &[Recording]| runs.iter().map(values).collect::<BTreeSet<_>>();
    let (expected, found) = (of(&all), of(&run));
    if found != expected {
        let lost: Vec<_> = expected.difference(&found).collect();
        return Err(format!("lost: {lost:#?}\nof {} outcomes", expected.len()));
    }
    total.programs += 1;
    total.schedules += all.len();
    total.traces += run.len();
    total.blocked += given_up.len();
    Ok(())
}

/// Programs of which an outcome was lost: a process cuts its threads off, and what was planned
/// behind its last step can no longer be.
#[test]
fn nothing_is_lost_where_a_process_cuts_off_what_is_planned() {
    use Action::*;
    let thread = |fate, number, actions: &[Action], children| Drawn {
        is_thread: true,
        fate,
        number,
        actions: actions.to_vec(),
        children,
    };
    let process = |actions: &[Action], children| Drawn {
        is_thread: false,
        fate: Fate::Joined,
        number: 0,
        actions: actions.to_vec(),
        children,
    };
    let exchanges = thread(Fate::Joined, 2, &[LeaveIf(1, 1), Exchange(0, 0, 1)], vec![]);
    let adds = thread(Fate::Joined, 2, &[Add(0)], vec![]);
    let programs = [
        process(&[Set(1, 2)], vec![thread(Fate::Left, 1, &[PanicIf(0, 0)], vec![exchanges])]),
        process(&[Set(1, 1)], vec![thread(Fate::Left, 1, &[Set(1, 1), PanicIf(0, 0)], vec![adds])]),
    ];
    let mut total = Total::default();
    for drawn in &programs {
        compare_one(drawn, 500, &mut total).unwrap_or_else(|wrong| panic!("{drawn:?}\n{wrong}"));
    }
    assert_eq!(total.programs, programs.len() as u64, "{total:?}");
}

/// Threads end with their process, wherever they stand.
#[test]
fn nothing_is_lost_where_tasks_start_and_end_tasks() {
    for family in [Family::Locks, Family::TiedConditions, Family::Wills] {
        let mut total = Total::default();
        for number in 0.. {
            if total.programs == 200 {
                break;
            }
            let drawn = draw(family, 1, number);
            compare_one(&drawn, SCHEDULES, &mut total)
                .unwrap_or_else(|wrong| panic!("{family:?}, program {number}: {drawn:?}\n{wrong}"));
        }
        println!("{family:?}: {total:?}");
        assert!(total.blocked * 50 < total.traces, "{total:?}");
    }
}
