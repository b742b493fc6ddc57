//! Wake-ups, waiters, barriers.

use super::*;
use std::time::Duration;

shareable! {
    struct Flag { lock: Mutex<bool>, set: Condvar, waiters: Waiters }
}

fn flag() -> Flag {
    Flag { lock: Mutex::new(false), set: Condvar::new(), waiters: Waiters::new() }
}

const LONG: Duration = Duration::from_secs(1);

/// A waiter, and a setter that lets the world know; `locked` says whether it sets the flag
/// under the lock.
fn one_waiter(looks_under_the_lock: bool) -> Program<Flag> {
    Program::new(format!("looks under the lock {looks_under_the_lock}"), flag)
        .task("waiter", move |flag| {
            if !looks_under_the_lock && *flag.lock.lock().unwrap() {
                return;
            }
            let held = flag.lock.lock().unwrap();
            if looks_under_the_lock && *held {
                return;
            }
            let (held, ended) = flag.set.wait_timeout(held, LONG).unwrap();
            nothing_missed(ended.timed_out(), *held);
        })
        .task("setter", |flag| {
            *flag.lock.lock().unwrap() = true;
            flag.set.notify_one();
        })
}

#[test]
fn no_lost_wake_up() {
    keeps(&one_waiter(true));
    breaks(&NO_LOST_WAKE_UP, &one_waiter(false));
}

fn two_waiters(wake: fn(&Condvar)) -> Program<Flag> {
    Program::new("two waiters", flag)
        .tasks("waiter", 2, |flag, _| {
            flag.waiters.wait(|| {
                let set = flag.lock.lock().unwrap();
                *set || !flag.set.wait_timeout(set, LONG).unwrap().1.timed_out()
            });
        })
        .task("setter", move |flag| {
            *flag.lock.lock().unwrap() = true;
            wake(&flag.set);
        })
        .finally(|flag| flag.waiters.all_ended())
}

#[test]
fn every_waiter_ends() {
    keeps(&two_waiters(Condvar::notify_all));
    breaks(&EVERY_WAITER_ENDS, &two_waiters(Condvar::notify_one));
    let one_event = |again: bool| {
        Program::new(format!("clears {again}"), || (Event::new(), Waiters::new()))
            .tasks("waiter", 2, |(event, waiters): &(Event, Waiters), _| {
                waiters.wait(|| event.wait_timeout(LONG));
            })
            .task("setter", move |(event, _)| {
                event.set();
                if again {
                    event.clear();
                }
            })
            .finally(|(_, waiters)| waiters.all_ended())
    };
    keeps(&one_event(false));
    breaks(&EVERY_WAITER_ENDS, &one_event(true));
    // Without a time-out it is the scheduler that finds it.
    let endless = Program::new("endless", Event::new).task("waiter", |event: &Event| event.wait()).task(
        "setter",
        |event| {
            event.set();
            event.clear();
        },
    );
    assert_eq!(verdict(&endless.check(&config()).unwrap()), Some(Verdict::Deadlock));
}

shareable! {
    struct Meeting { barrier: Barrier, lock: Mutex<u32>, full: Condvar, meetings: Generations }
}

fn meetings(name: &str, meet: fn(&Meeting)) -> Program<Meeting> {
    let state = || Meeting {
        barrier: Barrier::new(2),
        lock: Mutex::new(0),
        full: Condvar::new(),
        meetings: Generations::new(2),
    };
    Program::new(name, state).tasks("party", 2, move |meeting, party| {
        for _ in 0..2 {
            meeting.meetings.comes(party);
            meet(meeting);
            meeting.meetings.leaves(party);
        }
    })
}

#[test]
fn barrier_generations_do_not_mix() {
    keeps(&meetings("barrier", |meeting| _ = meeting.barrier.wait().unwrap()));
    breaks(
        &GENERATIONS,
        &meetings("counts only", |meeting| {
            let mut come = meeting.lock.lock().unwrap();
            *come += 1;
            meeting.full.notify_all();
            // Two have come, at some time or other.
            drop(meeting.full.wait_while(come, |come| *come < 2).unwrap());
        }),
    );
}
