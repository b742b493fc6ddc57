//! The lock: one task at a time, what one wrote the next one sees, and nobody is forgotten.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawMutex`] over [`Loom`] | yes |
//! | [`RawRobustMutex`] over [`Loom`] | yes, and one that is given up reaches everybody |
//! | [`RelaxedUnlock`] | no: the data is used by two at a time, as far as memory goes |
//! | [`SilentSleep`] | no: a sleeper is not woken |
//!
//! Nobody dies here. What the kernel does for the dead is left to the harness; a holder that
//! leaves the lock as the dead do is modelled.

use super::{Lacking, Loom, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::platform::{Atomic, Op, Platform};
use selvedge::raw::{Left, RawMutex, RawRobustMutex, Taken};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// What the laws below ask of a lock.
pub trait RawLock: 'static {
    /// A free lock.
    fn new() -> Self;
    /// Takes the lock.
    fn lock(&self);
    /// Gives it back.
    fn unlock(&self);
}

impl<const WHAT: u8> RawLock for RawMutex<Lacking<WHAT>> {
    fn new() -> Self {
        RawMutex::new()
    }
    fn lock(&self) {
        RawMutex::lock(self, ());
    }
    fn unlock(&self) {
        RawMutex::unlock(self, ());
    }
}

impl<const WHAT: u8> RawLock for RawRobustMutex<Lacking<WHAT>> {
    fn new() -> Self {
        RawRobustMutex::new()
    }
    fn lock(&self) {
        assert_eq!(RawRobustMutex::lock(self, ()), Taken::Clean);
    }
    fn unlock(&self) {
        RawRobustMutex::unlock(self, Left::Clean, ()).expect("it is the caller's");
    }
}

type Word = <Loom as Platform>::Futex;

fn sleep_on(word: &Word, expected: u32) {
    let op = || unreachable!("loom does not look at operations");
    Loom::futex_wait(word, expected, None, op, None::<fn() -> Op>);
}

/// Broken: giving the lock back does not publish what was done under it.
#[derive(Debug)]
pub struct RelaxedUnlock(Word);

impl RawLock for RelaxedUnlock {
    fn new() -> Self {
        RelaxedUnlock(Word::new(0))
    }
    fn lock(&self) {
        while self.0.swap(2, Acquire) != 0 {
            sleep_on(&self.0, 2);
        }
    }
    fn unlock(&self) {
        self.0.swap(0, Relaxed);
        Loom::futex_wake(&self.0, 1);
    }
}

/// Broken: a sleeper does not mark the lock as contended, so that nobody wakes it.
#[derive(Debug)]
pub struct SilentSleep(Word);

impl RawLock for SilentSleep {
    fn new() -> Self {
        SilentSleep(Word::new(0))
    }
    fn lock(&self) {
        while self.0.compare_exchange(0, 1, Acquire, Relaxed).is_err() {
            sleep_on(&self.0, 1);
        }
    }
    fn unlock(&self) {
        if self.0.swap(0, Release) == 2 {
            Loom::futex_wake(&self.0, 1);
        }
    }
}

/// A number under a lock, as a user would have it. loom reports two uses of the cell that
/// nothing orders.
struct Counter<L> {
    lock: L,
    number: Cell<u32>,
}

impl<L: RawLock> Counter<L> {
    fn new() -> Arc<Self> {
        Arc::new(Counter { lock: L::new(), number: Cell::new(0) })
    }

    /// The part under the lock, and giving it back.
    fn finish(&self) {
        self.number.set(self.number.get() + 1);
        self.lock.unlock();
    }

    fn add(&self) {
        self.lock.lock();
        self.finish();
    }
}

/// Tasks exclude each other, see each other's writes, and all get the lock in the end.
/// `others` tasks run beside the main one. Returns the number of executions.
pub fn excludes<L: RawLock>(others: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let counter = Counter::<L>::new();
        let tasks: Vec<_> = (0..others)
            .map(|_| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || counter.add())
            })
            .collect();
        counter.add();
        for task in tasks {
            task.join().expect("a task panicked");
        }
        counter.lock.lock();
        assert_eq!(counter.number.get(), others + 1, "an addition was lost");
    })
}

/// A task that gives up, because its deadline has passed, excludes nobody for ever, and one
/// that does not give up has the lock. Returns the number of executions.
pub fn giving_up_forgets_nobody(preemptions: Option<usize>) -> usize {
    exhaust(preemptions, || {
        let counter = Counter::<RawMutex<Loom>>::new();
        let (patient, hasty) = (Arc::clone(&counter), Arc::clone(&counter));
        let patient = thread::spawn(move || patient.add());
        let hasty = thread::spawn(move || {
            let taken = hasty.lock.lock_until(0, ());
            if taken {
                hasty.finish();
            }
            u32::from(taken)
        });
        if counter.lock.try_lock(()) {
            counter.finish();
        } else {
            counter.add();
        }
        patient.join().expect("the patient task panicked");
        let taken = hasty.join().expect("the hasty task panicked");
        counter.lock.lock(());
        assert_eq!(counter.number.get(), 2 + taken, "an addition was lost");
    })
}

/// A task that tries once, while another has the lock or has given it back, has it alone or
/// not at all. Returns the number of executions.
pub fn a_tried_lock_excludes(preemptions: Option<usize>) -> usize {
    exhaust(preemptions, || {
        let counter = Counter::<RawRobustMutex<Loom>>::new();
        let other = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || counter.add())
        };
        let taken = counter.lock.try_lock(()) == Some(Taken::Clean);
        if taken {
            counter.finish();
        }
        other.join().expect("a task panicked");
        assert_eq!(counter.number.get(), 1 + u32::from(taken), "an addition was lost");
    })
}

/// A holder leaves a robust lock in disorder and the next one does not repair it: exactly
/// one task is told, everybody after that one gets nothing. Returns the number of
/// executions.
pub fn giving_up_reaches_everybody(others: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let counter = Counter::<RawRobustMutex<Loom>>::new();
        let tasks: Vec<_> = (0..others)
            .map(|_| {
                let counter = Arc::clone(&counter);
                thread::spawn(move || {
                    let lock = &counter.lock;
                    let left = match lock.lock(()) {
                        // Before the others, or not at all.
                        Taken::Clean => Left::OwnerDied,
                        Taken::OwnerDied => {
                            counter.number.set(counter.number.get() + 1);
                            Left::Unrecoverable
                        }
                        Taken::Unrecoverable => return,
                    };
                    lock.unlock(left, ()).expect("it is the caller's");
                })
            })
            .collect();
        for task in tasks {
            task.join().expect("a task panicked");
        }
        assert!(counter.lock.is_unrecoverable(()), "the second one did not repair it");
        assert_eq!(counter.lock.try_lock(()), Some(Taken::Unrecoverable));
        assert_eq!(counter.number.get(), 1, "so many were told");
    })
}
