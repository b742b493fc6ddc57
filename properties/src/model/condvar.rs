//! The condition variable: whoever waits for what is coming gets to know.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawCondvar`] over [`Loom`] | yes |
//! | [`SameSequence`] | no: a task that is about to sleep misses the notification |
//! | [`LateLook`] | no: it gives the lock up before it looks at the sequence |
//! | [`HastyClear`] | no: it says that nobody sleeps, and wakes only one |
//! | [`QuietClear`] | no: it says so rightly, but somebody has fallen asleep since |
//! | [`SameWord`] | no: a task that is about to sleep finds the word it remembers again |
//!
//! When a process dies, another waiter comes back instead, if the lock is robust: not
//! modelled.

use super::{Loom, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::platform::{Atomic, Op, Platform};
use selvedge::raw::{Left, RawCondvar, RawMutex, RawRobustMutex, Taken};
use std::sync::atomic::Ordering::Relaxed;

type Word = <Loom as Platform>::Futex;
type Lock = RawMutex<Loom>;

/// What the laws below ask of a condition variable.
pub trait RawWait: 'static {
    /// One that nobody waits for.
    fn new() -> Self;
    /// Gives the lock up, sleeps until notified, takes the lock again.
    fn wait(&self, lock: &Lock);
    /// Wakes one.
    fn notify_one(&self);
    /// Wakes all.
    fn notify_all(&self);
}

impl RawWait for RawCondvar<Loom> {
    fn new() -> Self {
        RawCondvar::new()
    }
    fn wait(&self, lock: &Lock) {
        RawCondvar::wait(self, lock, ());
    }
    fn notify_one(&self) {
        RawCondvar::notify_one(self, ());
    }
    fn notify_all(&self) {
        RawCondvar::notify_all(self, ());
    }
}

fn sleep_on(word: &Word, expected: u32) {
    let op = || unreachable!("loom does not look at operations");
    Loom::futex_wait(word, expected, None, op, None::<fn() -> Op>);
}

/// Broken: a notification wakes sleepers, but does not move the sequence on.
#[derive(Debug)]
pub struct SameSequence(Word);

impl RawWait for SameSequence {
    fn new() -> Self {
        SameSequence(Word::new(0))
    }
    fn wait(&self, lock: &Lock) {
        let seen = self.0.load(Relaxed);
        lock.unlock(());
        sleep_on(&self.0, seen);
        lock.lock(());
    }
    fn notify_one(&self) {
        Loom::futex_wake(&self.0, 1);
    }
    fn notify_all(&self) {
        Loom::futex_wake(&self.0, u32::MAX);
    }
}

/// Broken: the lock is given up first, and a notification may come before the look.
#[derive(Debug)]
pub struct LateLook(Word);

impl RawWait for LateLook {
    fn new() -> Self {
        LateLook(Word::new(0))
    }
    fn wait(&self, lock: &Lock) {
        lock.unlock(());
        let seen = self.0.load(Relaxed);
        sleep_on(&self.0, seen);
        lock.lock(());
    }
    fn notify_one(&self) {
        self.0.fetch_add(1, Relaxed);
        Loom::futex_wake(&self.0, 1);
    }
    fn notify_all(&self) {
        self.0.fetch_add(1, Relaxed);
        Loom::futex_wake(&self.0, u32::MAX);
    }
}

macro_rules! marked {
    ($($(#[$doc:meta])* $name:ident: $notify:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Word);

        impl RawWait for $name {
            fn new() -> Self {
                $name(Word::new(0))
            }
            fn wait(&self, lock: &Lock) {
                let seen = self.0.fetch_or(1, Relaxed) | 1;
                lock.unlock(());
                sleep_on(&self.0, seen);
                lock.lock(());
            }
            fn notify_one(&self) {
                $notify(&self.0, 1);
            }
            fn notify_all(&self) {
                $notify(&self.0, u32::MAX);
            }
        }
    )*};
}

/// The next sequence, without the mark that somebody sleeps.
fn clear(word: &Word) {
    let seen = word.load(Relaxed);
    let _ = word.compare_exchange(seen, seen.wrapping_add(2) & !1, Relaxed, Relaxed);
}

marked! {
    /// Broken: the mark that somebody sleeps is cleared by a notification that wakes one only.
    HastyClear: |word: &Word, count| {
        if word.load(Relaxed) & 1 != 0 {
            clear(word);
            Loom::futex_wake(word, count);
        }
    };
    /// Broken: the mark is cleared without moving the sequence on, and another waiter may set
    /// it again before the first one looks.
    SameWord: |word: &Word, count| {
        if word.fetch_and(!1, Relaxed) & 1 != 0 {
            let _ = count;
            Loom::futex_wake(word, u32::MAX);
        }
    };
    /// Broken: when fewer slept than were to be woken, the mark is cleared, and whoever fell
    /// asleep in between is not woken.
    QuietClear: |word: &Word, count| {
        if word.load(Relaxed) & 1 != 0 {
            word.fetch_add(2, Relaxed);
            if Loom::futex_wake(word, count) < count {
                clear(word);
            }
        }
    };
}

/// Tickets that are handed out one by one; loom reports uses of the number that nothing
/// orders.
struct Counter<C> {
    lock: Lock,
    changed: C,
    tickets: Cell<u32>,
}

impl<C: RawWait> Counter<C> {
    fn new() -> Arc<Self> {
        Arc::new(Counter { lock: Lock::new(), changed: C::new(), tickets: Cell::new(0) })
    }

    fn take(&self) {
        self.lock.lock(());
        while self.tickets.get() == 0 {
            self.changed.wait(&self.lock);
        }
        self.tickets.set(self.tickets.get() - 1);
        self.lock.unlock(());
    }

    fn put(&self, tickets: u32) {
        self.lock.lock(());
        self.tickets.set(self.tickets.get() + tickets);
        self.lock.unlock(());
    }
}

fn takers<C: RawWait>(counter: &Arc<Counter<C>>, count: u32) -> Vec<thread::JoinHandle<()>> {
    let take = |_| {
        let counter = Arc::clone(counter);
        thread::spawn(move || counter.take())
    };
    (0..count).map(take).collect()
}

fn all_end(tasks: Vec<thread::JoinHandle<()>>) {
    for task in tasks {
        task.join().expect("a waiter panicked");
    }
}

/// One notification for each ticket, each after the lock was given back: every waiter gets
/// its ticket. Returns the number of executions.
pub fn each_ticket_arrives<C: RawWait>(waiters: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let counter = Counter::<C>::new();
        let tasks = takers(&counter, waiters);
        for _ in 0..waiters {
            counter.put(1);
            counter.changed.notify_one();
        }
        all_end(tasks);
    })
}

/// One notification of all: every waiter gets its ticket. Returns the number of executions.
pub fn all_tickets_arrive<C: RawWait>(waiters: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let counter = Counter::<C>::new();
        let tasks = takers(&counter, waiters);
        counter.put(waiters);
        counter.changed.notify_all();
        all_end(tasks);
    })
}

/// Each waiter waits for something of its own, and `meddlers` tasks notify for no reason.
/// Each is released by the notification that follows what it waits for. Returns the number
/// of executions.
pub fn each_gets_its_turn<C: RawWait>(meddlers: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let counter = Counter::<C>::new();
        let wait_for = |turn| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                counter.lock.lock(());
                while counter.tickets.get() < turn {
                    counter.changed.wait(&counter.lock);
                }
                counter.lock.unlock(());
            })
        };
        let (first, second) = (wait_for(1), wait_for(2));
        let meddling = (0..meddlers)
            .map(|_| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || counter.changed.notify_all())
            })
            .collect();
        for task in [first, second] {
            counter.put(1);
            counter.changed.notify_all();
            task.join().expect("a waiter panicked");
        }
        all_end(meddling);
    })
}

/// A waiter whose deadline has passed leaves the one beside it its notification, whether the
/// mark that somebody sleeps was set by one of them or by both. Returns the number of
/// executions.
pub fn giving_up_takes_no_notification(preemptions: Option<usize>) -> usize {
    exhaust(preemptions, || {
        let counter = Counter::<RawCondvar<Loom>>::new();
        let tasks = takers(&counter, 1);
        counter.lock.lock(());
        counter.changed.wait_until(&counter.lock, 0, ());
        counter.lock.unlock(());
        // The first may find that nobody sleeps, and say so.
        counter.changed.notify_one(());
        counter.put(1);
        counter.changed.notify_one(());
        all_end(tasks);
    })
}

/// As [`each_ticket_arrives`], with a lock that survives its owners. Returns the number of
/// executions.
pub fn each_ticket_arrives_robustly(waiters: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let counter = Arc::new((RawRobustMutex::<Loom>::new(), <RawCondvar<Loom>>::new(), Cell::new(0_u32)));
        let tasks = (0..waiters)
            .map(|_| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    let (lock, changed, tickets) = &*counter;
                    assert_eq!(lock.lock(()), Taken::Clean);
                    while tickets.get() == 0 {
                        assert_eq!(changed.wait_robust(lock, Left::Clean, ()), Taken::Clean);
                    }
                    tickets.set(tickets.get() - 1);
                    lock.unlock(Left::Clean, ()).expect("it has the lock");
                })
            })
            .collect();
        let (lock, changed, tickets) = &*counter;
        for _ in 0..waiters {
            assert_eq!(lock.lock(()), Taken::Clean);
            tickets.set(tickets.get() + 1);
            lock.unlock(Left::Clean, ()).expect("it has the lock");
            changed.notify_one(());
        }
        all_end(tasks);
    })
}
