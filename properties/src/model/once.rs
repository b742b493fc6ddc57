//! What is done once: by one task, and all see what it did.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawOnce`] over [`Loom`] | yes |
//! | [`FlagFirst`] | no: it is said to be done before it is |
//! | [`RelaxedDone`] | no: those who find it done do not see what was done |
//!
//! When a process dies, the next one does it: not modelled.

use super::{Lacking, Loom, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::platform::{Atomic, Platform};
use selvedge::raw::{Begun, Patience, RawMutex, RawOnce};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// What the law below asks.
pub trait RawDeed: 'static {
    /// Something that was not done.
    fn new() -> Self;
    /// Has it done.
    fn call(&self, deed: impl FnOnce());
}

impl<const WHAT: u8> RawDeed for RawOnce<Lacking<WHAT>> {
    fn new() -> Self {
        RawOnce::new()
    }
    fn call(&self, deed: impl FnOnce()) {
        if self.begin(Patience::Forever, ()) == Begun::Mine {
            deed();
            self.finish(());
        }
    }
}

/// Broken: whoever sets the flag does it, and the others go on at once.
pub struct FlagFirst(<Loom as Platform>::Futex);

impl RawDeed for FlagFirst {
    fn new() -> Self {
        FlagFirst(Atomic::new(0))
    }
    fn call(&self, deed: impl FnOnce()) {
        if self.0.swap(1, AcqRel) == 0 {
            deed();
        }
    }
}

/// Broken: done under a lock, but whoever finds it done takes no lock and learns nothing.
pub struct RelaxedDone {
    lock: RawMutex<Loom>,
    done: <Loom as Platform>::Futex,
}

impl RawDeed for RelaxedDone {
    fn new() -> Self {
        RelaxedDone { lock: RawMutex::new(), done: Atomic::new(0) }
    }
    fn call(&self, deed: impl FnOnce()) {
        if self.done.load(Acquire) == 0 {
            self.lock.lock(());
            if self.done.load(Relaxed) == 0 {
                deed();
                self.done.store(1, Relaxed);
            }
            self.lock.unlock(());
        }
    }
}

/// Several want it done; each finds it done exactly once. Returns the number of executions.
pub fn done_once<D: RawDeed>(others: u32, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let shared = Arc::new((D::new(), Cell::new(0_u32)));
        let want = |shared: &(D, Cell<u32>)| {
            shared.0.call(|| shared.1.set(shared.1.get() + 1));
            assert_eq!(shared.1.get(), 1);
        };
        let tasks: Vec<_> = (0..others)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || want(&shared))
            })
            .collect();
        want(&shared);
        for task in tasks {
            task.join().expect("one of them panicked");
        }
    })
}
