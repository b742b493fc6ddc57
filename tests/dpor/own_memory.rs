//! A program whose state lies in memory of its own, which is elsewhere in every execution,
//! has as many traces as one whose state lies in shared memory.

use selvedge_harness::prelude::*;
use selvedge_harness::program::{Program, Tally};
use selvedge_harness::strategy::Strategy;
use selvedge_harness::{Report, check};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

const BRIEF: Duration = Duration::from_millis(1);

fn explore(body: impl Fn() + Send + Sync) -> Report {
    let config = Config::default().strategy(Strategy::Dpor).ignore_environment();
    let report = check(&config, body).unwrap();
    assert!(report.tally.complete && report.tally.violations == 0 && report.tally.blocked == 0, "{report:?}");
    report
}

/// Starts `tasks` threads that each run `body` on the state, and joins them.
fn together<S>(state: S, tasks: usize, body: fn(&S::Target))
where
    S: Deref<Target: Sized> + Clone + Send + 'static,
{
    let one = |_| {
        let state = state.clone();
        thread::spawn(move || body(&state))
    };
    let all: Vec<_> = (0..tasks).map(one).collect();
    all.into_iter().for_each(|handle| handle.join().unwrap());
}

fn lock_twice(lock: &Mutex<u32>) {
    *lock.lock().unwrap() += 1;
    *lock.lock().unwrap() += 1;
}

fn update(value: &Value<u32>) {
    value.set(value.get() + 1);
}

#[test]
fn orders_of_a_lock_in_memory_of_its_own_are_all_found() {
    // The orders in which two and three tasks take a lock twice each.
    for (tasks, orders) in [(2, 6), (3, 90)] {
        let own = explore(|| together(Arc::new(Mutex::new(0)), tasks, lock_twice));
        let shared = explore(|| together(Shared::new(Mutex::new(0)), tasks, lock_twice));
        assert_eq!((own.tally.executions, shared.tally.executions), (orders, orders), "{tasks}");
    }
}

/// Whoever is woken from a wait with a deadline could have gone on by itself: what it waits at
/// lies elsewhere in every execution.
#[test]
fn a_deadline_and_a_notification_at_the_same_moment_come_in_both_orders() {
    let body = || {
        let state = Arc::new((Mutex::new(0), Condvar::new()));
        let others = state.clone();
        let waiter = thread::spawn(move || {
            let guard = others.0.lock().unwrap();
            others.1.wait_timeout(guard, BRIEF).unwrap().1.timed_out()
        });
        thread::sleep(BRIEF);
        state.1.notify_one();
        outcome(waiter.join().unwrap().to_string());
    };
    let report = explore(body);
    assert_eq!(report.tally.outcomes.keys().map(String::as_str).collect::<Vec<_>>(), ["false", "true"]);
}

#[test]
fn orders_of_reads_and_writes_in_memory_of_its_own_are_all_found() {
    for (tasks, traces) in [(2, 4), (3, 36)] {
        let own = explore(|| together(Arc::new(Value::new(0)), tasks, update));
        let shared = explore(|| together(Shared::new(Value::new(0)), tasks, update));
        assert_eq!((own.tally.executions, shared.tally.executions), (traces, traces), "{tasks}");
    }
}

/// Locks that a task makes for itself, one after the other, and takes.
fn own_locks(locks: usize) -> impl Fn(&Value<u32>, usize) + Send + Sync + 'static {
    move |_, _| {
        for _ in 0..locks {
            lock_twice(&Box::new(Mutex::new(0)));
        }
    }
}

/// Fibers may be given memory that another has given back, and processes have each their own at
/// the same addresses.
#[test]
fn objects_that_lie_at_one_address_but_are_not_one_do_not_meet() {
    let none = || Program::new("own locks", || Value::new(0));
    let programs = [
        none().tasks("task", 3, own_locks(1)),
        none().task("one", |state| own_locks(1)(state, 0)).task("two", |state| own_locks(2)(state, 0)),
        none().tasks("task", 2, own_locks(3)),
    ];
    for (program, engine) in
        programs.iter().flat_map(|program| [(program, Engine::Sim), (program, Engine::Real)])
    {
        let config = Config::default().strategy(Strategy::Dpor).engine(engine).ignore_environment();
        let Tally { complete, executions, blocked, .. } = program.check(&config).unwrap().tally;
        assert_eq!((complete, executions, blocked), (true, 1, 0), "{engine:?}");
    }
}

/// The same where what a task waits for lies there: a step of another that changes what lies at
/// that address for itself does not let it go on.
#[test]
fn what_others_have_at_an_address_lets_nobody_go_on() {
    let program = Program::new("own events", || Value::new(0)).tasks("task", 2, |value, _| {
        let event = Box::new(Event::new());
        event.set();
        event.wait();
        value.fetch_add(1);
    });
    for engine in [Engine::Sim, Engine::Real] {
        let config = Config::default().strategy(Strategy::Dpor).engine(engine).ignore_environment();
        let Tally { complete, executions, blocked, .. } = program.check(&config).unwrap().tally;
        assert_eq!((complete, executions, blocked), (true, 2, 0), "{engine:?}");
    }
}
