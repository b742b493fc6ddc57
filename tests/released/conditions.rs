//! Conditions over robust locks: a notification that reaches a dead waiter reaches another
//! one.

use super::{BOTH, each, each_as_told, every_word_as_told, passes, quiet};
use selvedge::Shareable;
use selvedge::platform::{Atomic, Op, Platform, Robust};
use selvedge::raw::{Left, RawCondvar, RawRobustMutex, Taken};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Checked, join_task};
use std::panic::Location;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// What the law below asks of a condition variable.
trait Condition: Shareable + Send + Sync {
    fn new() -> Self;
    fn wait(&self, mutex: &RawRobustMutex<Checked>) -> Taken;
    fn notify_one(&self);
    fn notify_all(&self);
}

shareable! {
    struct Shipped { raw: RawCondvar<Checked, 2> }

    /// Broken as condition variables mostly are: a waiter that was woken and dies before it
    /// has its lock back takes the notification with it.
    struct Swallowing { word: <Checked as Robust>::Word }

    struct Door<C: Condition> { mutex: RawRobustMutex<Checked>, changed: C, open: Value<u32> }
}

impl Condition for Shipped {
    fn new() -> Self {
        Shipped { raw: RawCondvar::new() }
    }
    fn wait(&self, mutex: &RawRobustMutex<Checked>) -> Taken {
        self.raw.wait_robust(mutex, Left::Clean, Location::caller())
    }
    fn notify_one(&self) {
        self.raw.notify_one(Location::caller());
    }
    fn notify_all(&self) {
        self.raw.notify_all(Location::caller());
    }
}

impl Condition for Swallowing {
    fn new() -> Self {
        Swallowing { word: Atomic::new(0) }
    }
    fn wait(&self, mutex: &RawRobustMutex<Checked>) -> Taken {
        let seen = self.word.load(SeqCst);
        mutex.unlock(Left::Clean, Location::caller()).unwrap();
        let op = || Op::new(Kind::Park, "wait", 0, Location::caller());
        Checked::futex_wait(Checked::futex(&self.word), seen, None, op, None::<fn() -> Op>);
        mutex.lock(Location::caller())
    }
    fn notify_one(&self) {
        self.word.fetch_add(1, SeqCst);
        Checked::futex_wake(Checked::futex(&self.word), 1);
    }
    fn notify_all(&self) {
        self.word.fetch_add(1, SeqCst);
        Checked::futex_wake(Checked::futex(&self.word), u32::MAX);
    }
}

impl<C: Condition> Door<C> {
    fn lock(&self) {
        self.found(self.mutex.lock(Location::caller()));
    }

    fn unlock(&self) {
        self.mutex.unlock(Left::Clean, Location::caller()).unwrap();
    }

    /// Whoever is told that a holder died notifies those who may have waited for it.
    fn found(&self, taken: Taken) {
        assert_ne!(taken, Taken::Unrecoverable);
        if taken == Taken::OwnerDied {
            self.changed.notify_all();
        }
    }

    /// Goes through the open door and tells the next one.
    fn go_through(&self) {
        self.lock();
        while self.open.get() == 0 {
            self.found(self.changed.wait(&self.mutex));
        }
        self.changed.notify_one();
        self.unlock();
    }
}

/// One notification for all, which each passes on; one of them may be killed wherever it is.
/// A janitor looks after the lock once that one has ended.
fn door<C: Condition + 'static>(others: usize) -> Program<Door<C>> {
    Program::new("door", || Door { mutex: RawRobustMutex::new(), changed: C::new(), open: Value::new(0) })
        .task("mortal", Door::go_through)
        .tasks("other", others, |door, _| door.go_through())
        .task("opener", |door| {
            door.lock();
            door.open.set(1);
            door.unlock();
            door.changed.notify_one();
        })
        .task("janitor", |door| {
            join_task(0);
            door.lock();
            door.unlock();
        })
        .faults(Faults { victims: vec!["mortal".to_owned()], ..Faults::kills(1) })
}

#[test]
fn no_notification_is_lost_with_whoever_consumed_it() {
    let executions = every_word_as_told(door::<Shipped>(1).into(), 1, true);
    assert!(executions > 1_000);
    each_as_told(|| door::<Shipped>(1).into(), true);
    each_as_told(|| door::<Shipped>(2).into(), true);
}

#[test]
fn a_swallowing_condition_loses_one() {
    every_word_as_told(door::<Swallowing>(1).into(), 1, false);
}

/// Whoever is woken is the schedule's choice here, and so is a wake-up without cause.
#[test]
fn the_order_of_waking_does_not_matter() {
    let victims = vec!["mortal".to_owned()];
    let faults = Faults { victims, wake_any: true, spurious: 1, ..Faults::kills(1) };
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in BOTH {
            let executions = if engine == Engine::Sim { 3000 } else { 150 };
            let config = quiet(engine, granularity).faults(faults.clone()).executions(executions);
            assert!(passes(&door::<Shipped>(2).check(&config).unwrap()), "{engine:?} {granularity:?}");
        }
    }
}

shareable! {
    struct Buffer { items: RobustMutex<u32>, not_full: Condvar, not_empty: Condvar, taken: Value<u32> }
}

/// A buffer for one item over a robust lock.
fn buffer(two_conditions: bool) -> Program<Buffer> {
    let init = || Buffer {
        items: RobustMutex::new(0),
        not_full: Condvar::new(),
        not_empty: Condvar::new(),
        taken: Value::new(0),
    };
    Program::new("buffer", init)
        .tasks("producer", 2, move |buffer, _| {
            for _ in 0..2 {
                let items = buffer.items.lock().unwrap();
                let mut items = buffer.not_full.wait_while(items, |items| *items == 1).unwrap();
                *items += 1;
                if two_conditions { &buffer.not_empty } else { &buffer.not_full }.notify_one();
            }
        })
        .tasks("consumer", 2, move |buffer, _| {
            for _ in 0..2 {
                let items = buffer.items.lock().unwrap();
                let waits = if two_conditions { &buffer.not_empty } else { &buffer.not_full };
                let mut items = waits.wait_while(items, |items| *items == 0).unwrap();
                *items -= 1;
                buffer.taken.fetch_add(1);
                drop(items);
                buffer.not_full.notify_one();
            }
        })
        .finally(|buffer| assert_eq!(buffer.taken.get(), 4))
}

#[test]
fn a_condition_over_a_robust_lock_loses_no_wake_up() {
    each(|| buffer(true).into(), &[0], true);
    each(|| buffer(false).into(), &[0], false);
}

/// A holder dies while another one waits: the wait comes back and says so.
#[test]
fn a_wait_tells_that_the_holder_died() {
    let program = || {
        Program::new("told", || Buffer {
            items: RobustMutex::new(0),
            not_full: Condvar::new(),
            not_empty: Condvar::new(),
            taken: Value::new(0),
        })
        .task("waiter", |buffer| {
            let Ok(items) = buffer.items.lock() else { return buffer.taken.set(1) };
            let waited =
                buffer.not_empty.wait_timeout_while(items, Duration::from_secs(1), |items| *items == 0);
            match waited {
                Ok((items, _)) => assert_eq!(*items % 2, 0, "half of the work"),
                Err(LockError::OwnerDied((mut items, _))) => {
                    *items = 2;
                    items.mark_consistent();
                    buffer.taken.set(1);
                }
                Err(other) => panic!("{other}"),
            }
        })
        .task("mortal", |buffer| {
            let Ok(mut items) = buffer.items.lock() else { panic!("nobody else dies") };
            *items = 1;
            buffer.not_empty.notify_one();
            *items = 2;
        })
        .faults(Faults { victims: vec!["mortal".to_owned()], ..Faults::kills(1) })
    };
    each_as_told(|| program().into(), true);
    // And that happens: without it, nothing would have been told.
    let never = || program().finally(|buffer| assert_eq!(buffer.taken.get(), 0));
    each_as_told(|| never().into(), false);
}

/// More wait than there are places for: the others look now and then, and nobody is lost.
#[test]
fn a_crowd_of_waiters_is_released() {
    let program = || {
        Program::new("crowd", || Buffer {
            items: RobustMutex::new(0),
            not_full: Condvar::new(),
            not_empty: Condvar::new(),
            taken: Value::new(0),
        })
        .tasks("waiter", 18, |buffer, _| {
            let items = buffer.items.lock().unwrap();
            let mut items = buffer.not_empty.wait_while(items, |items| *items == 0).unwrap();
            *items -= 1;
        })
        .task("producer", |buffer| {
            for _ in 0..18 {
                *buffer.items.lock().unwrap() += 1;
                buffer.not_empty.notify_one();
            }
        })
    };
    for engine in BOTH {
        let config = quiet(engine, Granularity::Operation).executions(100);
        assert!(passes(&program().check(&config).unwrap()), "{engine:?}");
    }
}

#[test]
fn both_engines_see_the_same() {
    super::both_see_the_same(&door::<Shipped>(2));
    super::both_see_the_same(&buffer(true));
}
