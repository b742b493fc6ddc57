//! Does every primitive keep its law under the scheduler? In fibers and in processes,
//! at both granularities; and does a program that breaks the law get caught?

use selvedge::platform::{Atomic, Op, Platform};
use selvedge_harness::judge::linear::End;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Checked, Recorder, Report, visible};
use std::sync::atomic::Ordering::Relaxed;

fn each(program: impl Fn() -> AnyProgram, holds: bool) {
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in [Engine::Sim, Engine::Real] {
            let executions = if engine == Engine::Sim { 3000 } else { 300 };
            let config = Config { shrink: false, ..Config::default() }
                .engine(engine)
                .granularity(granularity)
                .executions(executions)
                .ignore_environment();
            let report: Report = program().check("law", &config).unwrap();
            let first = report.tally.first.map(|found| found.verdict);
            assert_eq!(report.tally.inconclusive, None, "{engine:?} {granularity:?}");
            assert_eq!(first.is_none(), holds, "{engine:?} {granularity:?}: {first:?}");
        }
    }
}

shareable! {
    struct Room {
        permits: Semaphore,
        inside: Value<u32>,
        most: Value<u32>,
    }
}

/// Visitors of a room; how many may enter, and how many there must never be more of.
fn room(permits: u32, law: u32) -> Program<Room> {
    Program::new("room", move || Room {
        permits: Semaphore::new(permits),
        inside: Value::new(0),
        most: Value::new(0),
    })
    .tasks("visitor", 4, |room, _| {
        room.permits.acquire();
        let now = room.inside.fetch_add(1) + 1;
        if now > room.most.get() {
            room.most.set(now);
        }
        room.inside.fetch_add(u32::MAX);
        room.permits.release();
    })
    .finally(move |room| {
        assert!(room.most.get() <= law, "{} inside", room.most.get());
        assert_eq!((room.inside.get(), room.permits.value()), (0, permits));
    })
}

#[test]
fn a_semaphore_never_lets_too_many_in() {
    each(|| room(2, 2).into(), true);
    each(|| room(3, 2).into(), false);
}

shareable! {
    struct Buffer {
        items: Mutex<u32>,
        not_full: Condvar,
        not_empty: Condvar,
        taken: Value<u32>,
    }
}

/// A buffer for one item, two producers and two consumers of two items each; with one
/// condition for both, a wake-up can reach the wrong one and be lost.
fn buffer(two_conditions: bool) -> Program<Buffer> {
    Program::new("buffer", || Buffer {
        items: Mutex::new(0),
        not_full: Condvar::new(),
        not_empty: Condvar::new(),
        taken: Value::new(0),
    })
    .tasks("producer", 2, move |buffer, _| {
        for _ in 0..2 {
            let items = buffer.items.lock().unwrap();
            let mut items = buffer.not_full.wait_while(items, |items| *items == 1).unwrap();
            *items += 1;
            let wakes = if two_conditions { &buffer.not_empty } else { &buffer.not_full };
            wakes.notify_one();
        }
    })
    .tasks("consumer", 2, move |buffer, _| {
        for _ in 0..2 {
            let items = buffer.items.lock().unwrap();
            let waits = if two_conditions { &buffer.not_empty } else { &buffer.not_full };
            let mut items = waits.wait_while(items, |items| *items == 0).unwrap();
            *items -= 1;
            buffer.taken.fetch_add(1);
            buffer.not_full.notify_one();
        }
    })
    .finally(|buffer| assert_eq!(buffer.taken.get(), 4))
}

#[test]
fn a_condition_loses_no_wake_up() {
    each(|| buffer(true).into(), true);
    each(|| buffer(false).into(), false);
}

shareable! {
    struct Lights {
        green: Event,
        waiting: Semaphore,
        gone: Value<u32>,
    }
}

/// Cars announce themselves, then wait; the light turns green once `ready` says so, and stays
/// green or not.
fn lights(ready: fn(&Lights), pulse: bool) -> Program<Lights> {
    Program::new("lights", || Lights { green: Event::new(), waiting: Semaphore::new(0), gone: Value::new(0) })
        .tasks("car", 2, |lights, _| {
            lights.waiting.release();
            lights.green.wait();
            lights.gone.fetch_add(1);
        })
        .task("light", move |lights| {
            ready(lights);
            lights.green.set();
            if pulse {
                lights.green.clear();
            }
        })
        .finally(|lights| assert_eq!(lights.gone.get(), 2))
}

/// All cars have announced themselves; they need not wait yet.
fn announced(lights: &Lights) {
    (0..2).for_each(|_| lights.waiting.acquire());
}

/// Nobody could go on any more, so that time passed: all cars wait.
fn stopped(_: &Lights) {
    thread::sleep(std::time::Duration::from_secs(1));
}

/// An event that stays set releases everybody; a pulse, whoever waits at that moment, and
/// nobody else.
#[test]
fn an_event_releases_whoever_waits() {
    each(|| lights(announced, false).into(), true);
    each(|| lights(announced, true).into(), false);
    each(|| lights(stopped, true).into(), true);
}

fn counts(program: impl Into<AnyProgram>, strategy: Strategy, granularity: Granularity) -> (u64, u64) {
    let config = Config { shrink: false, ..Config::default() }.strategy(strategy).granularity(granularity);
    let config = config.exhaust().ignore_environment();
    let tally = program.into().check("counts", &config).unwrap().tally;
    assert!(tally.complete);
    (tally.executions, tally.violations)
}

const ALL: [Strategy; 2] = [Strategy::Dfs { preemptions: None }, Strategy::Dpor];

/// A wait is a look, and a step after it if the event was unset. The pulse is missed where
/// both its halves come before the look.
#[test]
fn a_wait_begins_where_it_is_called() {
    let pulse = || {
        Program::new("pulse", Event::new).task("waiter", |event: &Event| event.wait()).task(
            "light",
            |event| {
                event.set();
                event.clear();
            },
        )
    };
    for strategy in ALL {
        assert_eq!(counts(pulse(), strategy, Granularity::Operation), (4, 1));
    }
}

/// What an operation looks at to announce itself is not hidden in the step before.
#[test]
fn a_look_before_an_operation_is_a_step() {
    type Word = <Checked as Platform>::Futex;
    let looks = || {
        Program::new("look", || <Word as Atomic<u32>>::new(0))
            .task("looker", |word: &Word| {
                let site = std::panic::Location::caller();
                let look = || _ = word.load(Relaxed);
                let op = || {
                    look();
                    Op::new(Kind::Read, "look twice", std::ptr::from_ref(word) as usize, site)
                };
                Checked::step(op, look);
            })
            .task("writer", |word| word.store(1, Relaxed))
    };
    for strategy in ALL {
        assert_eq!(counts(looks(), strategy, Granularity::Operation), (3, 0));
    }
}

/// Operations of one's own are steps, also where each access to a word is one: else two
/// operations could be recorded at one time, and nobody would know which came first.
#[test]
fn an_operation_of_ones_own_is_a_step() {
    let own = |_: &Event, _: usize| visible(Kind::Write, "own", 1, || ());
    let program = || Program::new("own", Event::new).tasks("task", 2, own);
    let recorded = || {
        Program::new("recorded", Recorder::<u8, u8>::new)
            .task("task", |recorder| {
                (0..2).for_each(|op| _ = recorder.call(op, || op));
            })
            .finally(|recorder| {
                let history = recorder.history();
                let [first, second] = history.calls() else { panic!("two operations") };
                assert!(matches!(first.end, End::Returned { at, .. } if at < second.at));
            })
    };
    for granularity in [Granularity::Operation, Granularity::Word] {
        for strategy in ALL {
            assert_eq!(counts(program(), strategy.clone(), granularity), (2, 0));
            assert_eq!(counts(recorded(), strategy, granularity), (1, 0));
        }
    }
}

shareable! {
    struct Account {
        lock: Mutex<u64>,
        balance: Value<u64>,
    }
}

fn account(locked: bool) -> Program<Account> {
    Program::new("account", || Account { lock: Mutex::new(0), balance: Value::new(0) })
        .tasks("teller", 3, move |account, _| {
            let mut guard = locked.then(|| account.lock.lock().unwrap());
            let seen = account.balance.get();
            account.balance.set(seen + 1);
            if let Some(count) = &mut guard {
                **count += 1;
            }
        })
        .finally(|account| assert_eq!(account.balance.get(), 3))
}

#[test]
fn a_mutex_excludes() {
    each(|| account(true).into(), true);
    each(|| account(false).into(), false);
}

/// A lock taken by a task that panicked is poisoned for the others; the panic was
/// caught, so it is no finding of its own.
#[test]
fn poison_reaches_other_tasks() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let program = || {
        Program::new("poison", || Account { lock: Mutex::new(0), balance: Value::new(0) })
            .task("clumsy", |account| {
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let _guard = account.lock.lock().unwrap();
                    panic!("dropped it");
                }));
                assert!(caught.is_err());
                account.balance.set(1);
            })
            .task("careful", |account| {
                if account.balance.get() == 1 {
                    assert!(account.lock.lock().is_err(), "not poisoned");
                    assert!(account.lock.is_poisoned());
                }
            })
    };
    each(|| program().into(), true);
}

/// As programs write it, and not with what it runs over.
#[test]
fn a_type_is_told_as_it_is_written() {
    let queue: Queue<u32> = Queue::bounded(1);
    let shared = Shared::new(Value::<u32>::new(0));
    for (error, written) in [
        (serde_json::to_string(&queue).unwrap_err(), "a Queue<u32> goes to "),
        (serde_json::to_string(&shared).unwrap_err(), "a Shared<Value<u32>> goes to "),
    ] {
        assert!(error.to_string().starts_with(written), "{error}");
    }
}
