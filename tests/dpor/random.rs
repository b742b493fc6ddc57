//! Programs drawn at random: one execution for each trace finds what all schedules find.

use super::classics::config;
use selvedge_harness::Rng;
use selvedge_harness::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};

shareable! {
    struct World {
        numbers: [Value<u32>; 2],
        locks: [Mutex<u32>; 2],
        condvar: Condvar,
        semaphore: Semaphore,
        event: Event,
        /// What each operation came out with, in no step of its own.
        seen: [AtomicU32; 16],
    }
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Get(usize),
    Set(usize, u32),
    Add(usize),
    Exchange(usize, u32, u32),
    Lock(usize),
    Unlock(usize),
    TryLock(usize),
    Acquire,
    Release,
    Wait,
    WaitBriefly,
    NotifyOne,
    NotifyAll,
    SetEvent,
    ClearEvent,
    AwaitEvent,
    PanicIf(usize, u32),
}

fn draw(rng: &mut Rng) -> Action {
    let which = rng.below(2) as usize;
    let number = rng.below(3);
    match rng.below(22) {
        0 | 1 => Action::Get(which),
        2 | 3 => Action::Set(which, number),
        4 => Action::Add(which),
        5 | 6 => Action::Exchange(which, number, rng.below(3)),
        7..=9 => Action::Lock(which),
        10 => Action::Unlock(which),
        11 => Action::TryLock(which),
        12 => Action::Acquire,
        13 => Action::Release,
        14 => Action::Wait,
        15 => Action::WaitBriefly,
        16 => Action::NotifyOne,
        17 => Action::NotifyAll,
        18 => Action::SetEvent,
        19 => Action::ClearEvent,
        20 => Action::AwaitEvent,
        _ => Action::PanicIf(which, number),
    }
}

fn act(world: &World, actions: &[Action], seen: &[AtomicU32]) {
    let mut held: [Option<_>; 2] = [None, None];
    for (action, seen) in actions.iter().zip(seen) {
        let result = match *action {
            Action::Get(which) => world.numbers[which].get(),
            Action::Set(which, number) => {
                world.numbers[which].set(number);
                0
            }
            Action::Add(which) => world.numbers[which].fetch_add(1),
            Action::Exchange(which, from, to) => match world.numbers[which].compare_exchange(from, to) {
                Ok(found) => found,
                Err(found) => 100 + found,
            },
            Action::Lock(which) => {
                held[which] = held[which].take().or_else(|| world.locks[which].lock().ok());
                0
            }
            Action::Unlock(which) => u32::from(held[which].take().is_some()),
            Action::TryLock(which) => {
                held[which] = held[which].take().or_else(|| world.locks[which].try_lock().ok());
                u32::from(held[which].is_some())
            }
            Action::Acquire => {
                world.semaphore.acquire();
                0
            }
            Action::Release => {
                world.semaphore.release();
                0
            }
            Action::Wait => {
                held[0] = held[0].take().map(|guard| world.condvar.wait(guard).unwrap());
                0
            }
            Action::WaitBriefly => match held[0].take() {
                Some(guard) => {
                    let brief = std::time::Duration::from_millis(1);
                    let (guard, result) = world.condvar.wait_timeout(guard, brief).unwrap();
                    held[0] = Some(guard);
                    u32::from(result.timed_out())
                }
                None => 2,
            },
            Action::NotifyOne => {
                world.condvar.notify_one();
                0
            }
            Action::NotifyAll => {
                world.condvar.notify_all();
                0
            }
            Action::SetEvent => {
                world.event.set();
                0
            }
            Action::ClearEvent => {
                world.event.clear();
                0
            }
            Action::AwaitEvent => {
                world.event.wait();
                0
            }
            Action::PanicIf(which, number) => {
                assert_ne!(world.numbers[which].get(), number);
                0
            }
        };
        seen.store(result + 1, Ordering::Relaxed);
    }
}

fn world() -> World {
    World {
        numbers: std::array::from_fn(|_| Value::new(0)),
        locks: std::array::from_fn(|_| Mutex::new(0)),
        condvar: Condvar::new(),
        semaphore: Semaphore::new(1),
        event: Event::new(),
        seen: std::array::from_fn(|_| AtomicU32::new(0)),
    }
}

/// What an exploration found: labels, and whether anything broke.
type Found = (BTreeSet<String>, bool);

fn explore(actions: &[Vec<Action>], config: &Config) -> Option<(Found, u64, u64)> {
    let all = actions.to_vec();
    let program = Program::new("random", world)
        .tasks("task", actions.len(), move |world, i| act(world, &all[i], &world.seen[i * 4..][..4]))
        .label(|world, label| {
            for seen in &world.seen {
                write!(label, "{} ", seen.load(Ordering::Relaxed)).unwrap();
            }
            write!(label, "{} {}", world.numbers[0].get(), world.numbers[1].get()).unwrap();
        });
    let tally = program.check(config).unwrap().tally;
    let found = (tally.outcomes.keys().cloned().collect(), tally.violations > 0);
    tally.complete.then_some((found, tally.executions, tally.blocked))
}

/// Compares both strategies on so many programs that can be exhausted.
fn compare(seed: u64, programs: u32) {
    let all_schedules = Config { strategy: Strategy::Dfs { preemptions: None }, ..config() };
    let all_schedules = Config {
        budget: selvedge_harness::program::Budget { executions: Some(20_000), time: None },
        ..all_schedules
    };
    let (mut compared, mut total, mut blocked, mut schedules) = (0, 0, 0, 0);
    for number in 0.. {
        if compared == programs {
            break;
        }
        let mut rng = Rng::derive(seed, number);
        let tasks = 2 + rng.below(3) as usize;
        let actions: Vec<Vec<Action>> =
            (0..tasks).map(|_| (0..=rng.below(4)).map(|_| draw(&mut rng)).collect()).collect();
        let Some((expected, runs, _)) = explore(&actions, &all_schedules) else { continue };
        let found = explore(&actions, &config());
        let Some((found, traces, given_up)) = found else { panic!("program {number} has no end") };
        assert_eq!(found, expected, "seed {seed}, program {number}: {actions:#?}");
        assert!(traces <= runs, "seed {seed}, program {number}: {traces} of {runs} schedules: {actions:#?}");
        compared += 1;
        schedules += runs;
        total += traces;
        blocked += given_up;
    }
    println!("{compared} programs: {schedules} schedules, {total} traces, {blocked} blocked");
}

#[test]
fn nothing_is_lost_in_some_programs() {
    compare(1, 60);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes a minute without optimisation")]
fn nothing_is_lost_in_five_hundred_programs() {
    compare(2, 500);
}
