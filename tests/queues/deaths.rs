//! One task of a few is killed at every point there is, in every kind of queue.
//!
//! At `Word` granularity each access of a word is a step, and each step of the victim a kill
//! point; all schedules with few preemptions are tried, each with each kill. Time passes only
//! when nobody can go on: so whoever comes back after its deadline slept although it could
//! have gone on, and the wake-up was lost with the dead.

use crate::{passes, quiet};
use selvedge::Shareable;
use selvedge::platform::Platform;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Checked, Report, Verdict, unobserved};
use std::time::Duration;

const LATE: Duration = Duration::from_millis(10);
/// A release build has time for more.
const PREEMPTIONS: u32 = if cfg!(debug_assertions) { 1 } else { 2 };

/// What the laws ask of a queue.
trait Kind: Shareable + Send + Sync + 'static {
    fn make(capacity: usize) -> Self;
    fn put(&self, item: u32);
    /// Puts in time; says whether there was room.
    fn put_in_time(&self, item: u32) -> bool;
    fn get(&self) -> u32;
    /// Gets in time, if there is an item.
    fn get_in_time(&self) -> Option<u32>;
    fn try_get(&self) -> Option<u32>;
}

macro_rules! kinds {
    ($($queue:ty: |$capacity:ident| $make:expr, $done:expr;)*) => {$(
        impl Kind for $queue {
            fn make($capacity: usize) -> Self {
                $make
            }
            fn put(&self, item: u32) {
                <$queue>::put(self, item).unwrap();
            }
            fn put_in_time(&self, item: u32) -> bool {
                self.put_timeout(item, LATE).is_ok()
            }
            fn get(&self) -> u32 {
                let item = <$queue>::get(self).unwrap();
                $done(self);
                item
            }
            fn get_in_time(&self) -> Option<u32> {
                let item = self.get_timeout(LATE).ok();
                if item.is_some() {
                    $done(self);
                }
                item
            }
            fn try_get(&self) -> Option<u32> {
                let item = <$queue>::try_get(self).ok();
                if item.is_some() {
                    $done(self);
                }
                item
            }
        }
    )*};
}

kinds! {
    PlainQueue<u32>: |capacity| PlainQueue::bounded(capacity), |_| ();
    Queue<u32>: |capacity| Queue::builder().capacity(capacity).bytes(256).build().unwrap(), |_| ();
    LifoQueue<u32>: |capacity| LifoQueue::builder().capacity(capacity).bytes(256).build().unwrap(), |_| ();
    PriorityQueue<u32>:
        |capacity| PriorityQueue::builder().capacity(capacity).bytes(512).build().unwrap(), |_| ();
    JoinableQueue<u32>:
        |capacity| JoinableQueue::bounded(capacity),
        |queue: &JoinableQueue<u32>| queue.task_done().unwrap();
}

fn in_time() {
    assert!(Checked::now() < LATE.as_nanos() as u64, "it slept although it could go on");
}

fn one_death() -> Faults {
    Faults { victims: vec!["victim".to_owned()], ..Faults::kills(1) }
}

/// Who puts is killed: the other one's item comes to whoever sleeps.
fn putting<Q: Kind>() -> Program<Q> {
    Program::new("putting", || Q::make(2))
        .task("victim", |queue| queue.put(1))
        .task("putter", |queue| queue.put(2))
        .task("getter", |queue| {
            assert!(queue.get_in_time().is_some_and(|item| item == 1 || item == 2));
            in_time();
        })
        .faults(one_death())
}

/// Who gets is killed, asleep or at work: of two items it takes one at most, and the other
/// getter has the other.
fn getting<Q: Kind>() -> Program<Q> {
    Program::new("getting", || Q::make(2))
        .task("victim", |queue| {
            queue.get();
        })
        .task("getter", |queue| {
            assert!(queue.get_in_time().is_some_and(|item| item == 1 || item == 2));
            in_time();
        })
        .task("putter", |queue| {
            queue.put(1);
            queue.put(2);
        })
        .finally(|queue| {
            let left: Vec<u32> = std::iter::from_fn(|| queue.try_get()).collect();
            assert!(left.len() <= 1, "{left:?} are left, and one was got");
        })
        .faults(one_death())
}

/// Who waits for room is killed: the room goes to the other one.
fn waiting_for_room<Q: Kind>() -> Program<Q> {
    let full = || {
        let queue = Q::make(1);
        queue.put(0);
        queue
    };
    Program::new("room", full)
        .task("victim", |queue| queue.put(1))
        .task("putter", |queue| {
            assert!(queue.put_in_time(2), "there was room twice");
            in_time();
        })
        .task("getter", |queue| {
            assert_eq!(queue.get(), 0);
            // Of the two putters one may be dead, and the other's item is there or will be.
            assert!((1..=2).contains(&queue.get()));
        })
        .faults(one_death())
}

/// All of them.
fn programs<Q: Kind>() -> [(&'static str, Program<Q>); 3] {
    [("putting", putting()), ("getting", getting()), ("room", waiting_for_room())]
}

fn exhausted<Q: Kind>(program: &Program<Q>) -> Report {
    let bounded = Strategy::Dfs { preemptions: Some(PREEMPTIONS) };
    let config = quiet(Engine::Sim, Granularity::Word).strategy(bounded).exhaust();
    let report = program.check(&config).unwrap();
    println!("{} executions", report.tally.executions);
    report
}

fn survives<Q: Kind>(programs: &[(&str, Program<Q>)]) {
    for (name, program) in programs {
        let report = exhausted(program);
        passes(&report, name);
        assert!(report.tally.complete && report.tally.executions > 100, "{name}");
    }
}

#[test]
fn a_plain_queue_survives_every_kill() {
    survives(&programs::<PlainQueue<u32>>());
}

#[test]
fn a_queue_survives_every_kill() {
    survives(&programs::<Queue<u32>>());
}

#[test]
fn a_stack_survives_every_kill() {
    survives(&programs::<LifoQueue<u32>>());
}

#[test]
fn a_priority_queue_survives_every_kill() {
    survives(&programs::<PriorityQueue<u32>>());
}

#[test]
fn a_joinable_queue_survives_every_kill() {
    // Its items wait for room as those of any queue do; what is its own is in `work.rs`.
    survives(&programs::<JoinableQueue<u32>>()[..2]);
}

shareable! {
    /// Broken: a lock around a number of items, which stays locked when its holder dies.
    struct Fragile { items: Mutex<u32>, came: Condvar }
}

impl Kind for Fragile {
    fn make(_: usize) -> Self {
        Fragile { items: Mutex::new(0), came: Condvar::new() }
    }
    fn put(&self, _: u32) {
        *self.items.lock().unwrap() += 1;
        self.came.notify_one();
    }
    fn put_in_time(&self, item: u32) -> bool {
        self.put(item);
        true
    }
    fn get(&self) -> u32 {
        let mut items = self.came.wait_while(self.items.lock().unwrap(), |items| *items == 0).unwrap();
        *items -= 1;
        1
    }
    fn get_in_time(&self) -> Option<u32> {
        Some(self.get())
    }
    fn try_get(&self) -> Option<u32> {
        unobserved(|| None)
    }
}

#[test]
fn a_queue_under_a_plain_lock_does_not() {
    for program in [putting::<Fragile>(), getting::<Fragile>()] {
        let first = exhausted(&program).tally.first.map(|found| found.verdict);
        assert_eq!(first, Some(Verdict::Deadlock));
    }
}

/// Where few words are touched, more preemptions are tried.
#[test]
fn no_wake_up_is_lost_with_whoever_owed_it() {
    let program = Program::new("bell", || PlainQueue::<u32>::make(2))
        .task("getter", |queue| {
            if queue.get_in_time().is_some() {
                in_time();
            }
        })
        .task("victim", |queue| Kind::put(queue, 1))
        .faults(one_death());
    let bounded = Strategy::Dfs { preemptions: Some(4) };
    let config = quiet(Engine::Sim, Granularity::Word).strategy(bounded).exhaust();
    let report = program.check(&config).unwrap();
    println!("{} executions", report.tally.executions);
    passes(&report, "bell");
    assert!(report.tally.complete);
}
