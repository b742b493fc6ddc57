//! The semaphore: no more permits than there are, each with what was done before it was
//! given back, and nobody is forgotten.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawSemaphore`] over [`Loom`] | yes |
//! | [`Robust`]: [`RawRobustSemaphore`] over [`Loom`] | yes |
//! | [`OldLook`] | no: a release misses a waiter that came before it |
//! | [`RelaxedRelease`] | no: a permit carries nothing from its last owner |
//! | [`BlindTake`] | no: two tasks take the last permit |
//! | [`Forgetful`] | no: a release takes the mark away under a task that fell asleep by it |
//!
//! When a process dies with a permit, the permit is gone: not modelled.

use super::{Lacking, Loom, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::platform::{Atomic, Op, Owner, Platform, Robust as _};
use selvedge::raw::{Patience, Permit, RawRobustSemaphore, RawSemaphore};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

type Word = <Loom as Platform>::Futex;
type Count = <Loom as Platform>::AtomicU32;

/// What the laws below ask of a semaphore.
pub trait RawPermits: 'static {
    /// One with so many permits.
    fn new(permits: u32) -> Self;
    /// Takes one.
    fn acquire(&self);
    /// Gives some back.
    fn release(&self, permits: u32);
}

impl<const WHAT: u8> RawPermits for RawSemaphore<Lacking<WHAT>> {
    fn new(permits: u32) -> Self {
        RawSemaphore::new(permits)
    }
    fn acquire(&self) {
        RawSemaphore::acquire(self, ());
    }
    fn release(&self, permits: u32) {
        RawSemaphore::release(self, permits, u32::MAX, ()).expect("there are few permits");
    }
}

/// The shipped semaphore that gets permits back from the dead, and who has which. The list is
/// the model's own, and none of loom's business.
pub struct Robust<const WHAT: u8 = 0> {
    semaphore: RawRobustSemaphore<Lacking<WHAT>, 2>,
    held: std::sync::Mutex<Vec<(u32, Permit)>>,
}

impl<const WHAT: u8> RawPermits for Robust<WHAT> {
    fn new(permits: u32) -> Self {
        let semaphore = RawRobustSemaphore::new(permits).expect("there are few permits");
        Robust { semaphore, held: std::sync::Mutex::new(Vec::new()) }
    }
    fn acquire(&self) {
        let permit = self.semaphore.acquire(Patience::Forever, ()).expect("it waits for ever");
        self.held.lock().expect("nobody panics with the list").push((Lacking::<WHAT>::me().id(), permit));
    }
    fn release(&self, permits: u32) {
        for _ in 0..permits {
            let mut held = self.held.lock().expect("nobody panics with the list");
            let mine = held.iter().position(|(task, _)| *task == Lacking::<WHAT>::me().id());
            let (_, permit) = held.swap_remove(mine.expect("who releases has acquired"));
            drop(held);
            self.semaphore.release(Lacking::<WHAT>::me(), permit, ());
        }
    }
}

/// The two words of the broken machines, and the parts that are not broken.
#[derive(Debug)]
struct Words {
    count: Word,
    waiters: Count,
}

impl Words {
    fn new(permits: u32) -> Self {
        Words { count: Word::new(permits), waiters: Count::new(0) }
    }

    fn take(&self) -> bool {
        let mut count = self.count.load(Relaxed);
        while count > 0 {
            match self.count.compare_exchange(count, count - 1, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => count = now,
            }
        }
        false
    }

    fn acquire(&self, take: impl Fn() -> bool) {
        if take() {
            return;
        }
        self.waiters.fetch_add(1, AcqRel);
        while !take() {
            let op = || unreachable!("loom does not look at operations");
            Loom::futex_wait(&self.count, 0, None, op, None::<fn() -> Op>);
        }
        self.waiters.fetch_sub(1, Relaxed);
    }

    fn release(&self, permits: u32, order: Ordering, waiters: impl Fn() -> u32) {
        self.count.fetch_add(permits, order);
        if waiters() > 0 {
            Loom::futex_wake(&self.count, permits);
        }
    }
}

/// Broken: a release looks at the waiters by a plain load, which may return an old value.
#[derive(Debug)]
pub struct OldLook(Words);

impl RawPermits for OldLook {
    fn new(permits: u32) -> Self {
        OldLook(Words::new(permits))
    }
    fn acquire(&self) {
        self.0.acquire(|| self.0.take());
    }
    fn release(&self, permits: u32) {
        self.0.release(permits, Release, || self.0.waiters.load(Acquire));
    }
}

/// Broken: giving a permit back does not publish what was done with it.
#[derive(Debug)]
pub struct RelaxedRelease(Words);

impl RawPermits for RelaxedRelease {
    fn new(permits: u32) -> Self {
        RelaxedRelease(Words::new(permits))
    }
    fn acquire(&self) {
        self.0.acquire(|| self.0.take());
    }
    fn release(&self, permits: u32) {
        self.0.release(permits, Relaxed, || self.0.waiters.fetch_add(0, Relaxed));
    }
}

/// Broken: a permit is taken by a look and a later write.
#[derive(Debug)]
pub struct BlindTake(Words);

impl RawPermits for BlindTake {
    fn new(permits: u32) -> Self {
        BlindTake(Words::new(permits))
    }
    fn acquire(&self) {
        let take = || {
            let count = self.0.count.load(Acquire);
            if count > 0 {
                self.0.count.store(count - 1, Relaxed);
            }
            count > 0
        };
        self.0.acquire(take);
    }
    fn release(&self, permits: u32) {
        self.0.release(permits, Release, || self.0.waiters.fetch_add(0, AcqRel));
    }
}

/// Broken: one word as in the shipped machine, but a release that takes the mark of the
/// waiters away does not wake those who fell asleep by it in the meantime.
#[derive(Debug)]
pub struct Forgetful(Word);

const WAITERS: u32 = 0x8000_0000;

impl RawPermits for Forgetful {
    fn new(permits: u32) -> Self {
        Forgetful(Word::new(permits))
    }
    fn acquire(&self) {
        loop {
            let word = self.0.load(Relaxed);
            if word & !WAITERS > 0 {
                if self.0.compare_exchange(word, word - 1, Acquire, Relaxed).is_ok() {
                    return;
                }
            } else if word == WAITERS || self.0.compare_exchange(0, WAITERS, Relaxed, Relaxed).is_ok() {
                let op = || unreachable!("loom does not look at operations");
                Loom::futex_wait(&self.0, WAITERS, None, op, None::<fn() -> Op>);
            }
        }
    }
    fn release(&self, permits: u32) {
        if self.0.fetch_add(permits, Release) & WAITERS != 0 && Loom::futex_wake(&self.0, permits) < permits {
            self.0.fetch_and(!WAITERS, Relaxed);
        }
    }
}

/// A number under one permit; loom reports two uses of it that nothing orders.
struct Counter<S> {
    permits: S,
    number: Cell<u32>,
}

impl<S: RawPermits> Counter<S> {
    fn new(permits: u32) -> Arc<Self> {
        Arc::new(Counter { permits: S::new(permits), number: Cell::new(0) })
    }

    fn add(&self) {
        self.permits.acquire();
        self.number.set(self.number.get() + 1);
        self.permits.release(1);
    }
}

/// One permit is a lock: tasks exclude each other, see each other's writes, and all get
/// their turn. Returns the number of executions.
pub fn one_permit_excludes<S: RawPermits>(others: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let counter = Counter::<S>::new(1);
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
        counter.permits.acquire();
        assert_eq!(counter.number.get(), others + 1, "an addition was lost");
    })
}

/// Releasing so many permits lets so many waiters go on. Returns the number of executions.
pub fn a_release_wakes<S: RawPermits>(waiters: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let permits = Arc::new(S::new(0));
        let tasks: Vec<_> = (0..waiters)
            .map(|_| {
                let permits = Arc::clone(&permits);
                thread::spawn(move || permits.acquire())
            })
            .collect();
        permits.release(waiters);
        for task in tasks {
            task.join().expect("a task panicked");
        }
    })
}

/// A task that gives up leaves the permit to the one that does not. Returns the number of
/// executions.
pub fn giving_up_takes_no_permit(preemptions: Option<usize>) -> usize {
    exhaust(preemptions, || {
        let permits = Arc::new(RawSemaphore::<Loom>::new(0));
        let (patient, hasty) = (Arc::clone(&permits), Arc::clone(&permits));
        let patient = thread::spawn(move || patient.acquire(()));
        let hasty = thread::spawn(move || {
            if hasty.acquire_until(0, ()) {
                hasty.release(1, u32::MAX, ()).expect("there are few permits");
            }
        });
        permits.release(1, u32::MAX, ()).expect("there are few permits");
        patient.join().expect("the patient task panicked");
        hasty.join().expect("the hasty task panicked");
        assert_eq!(permits.value(()), 0, "one permit was given and one taken");
    })
}

/// A task that tries once for the only permit of a robust semaphore, which another takes and
/// gives back twice, has it alone or not at all. Returns the number of executions.
pub fn a_tried_permit_excludes(preemptions: Option<usize>) -> usize {
    exhaust(preemptions, || {
        let counter = Counter::<Robust>::new(1);
        let other = {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                counter.add();
                counter.add();
            })
        };
        let taken = counter.permits.semaphore.acquire(Patience::Never, ());
        if let Some(permit) = taken {
            counter.number.set(counter.number.get() + 1);
            counter.permits.semaphore.release(Loom::me(), permit, ());
        }
        other.join().expect("a task panicked");
        assert_eq!(counter.number.get(), 2 + u32::from(taken.is_some()), "an addition was lost");
    })
}
