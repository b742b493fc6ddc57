//! Whether whoever has a lock runs code of the program's, which takes as long as it likes.
//!
//! Called by [`RawQueue`](super::RawQueue) and [`RawMonitor`](super::RawMonitor), whose items
//! may be read and written where they lie. Who does not want to wait waits for nobody there.
//!
//! | word | meaning |
//! |---|---|
//! | the number of the lock's holder | that one may take any time |
//! | 0, or another number | the holder, if there is one, is soon done |
//!
//! 1. The word is written by the holder of the lock, and read by whoever did not get it.
//! 2. Whoever takes the lock after the dead forgets what they wrote here, since somebody else
//!    may get their number.
//!
//! Orderings: relaxed. It is a hint, looked at again from time to time.
//!
//! When a process dies here, the word stays as it was until the next one has the lock, and
//! means nothing.

use super::{RawRobustMutex, Refusal};
use crate::platform::{Atomic, Owner, Robust};
use std::sync::atomic::Ordering::Relaxed;

/// Whether the holder of a lock may take any time.
#[repr(transparent)]
pub(super) struct InPlace<P: Robust>(P::AtomicU32);

/// Says so, until it is dropped.
struct Mark<'a, P: Robust> {
    place: &'a InPlace<P>,
    lock: &'a RawRobustMutex<P>,
}

impl<P: Robust> Drop for Mark<'_, P> {
    fn drop(&mut self) {
        // A child that was forked meanwhile is not the one with the lock.
        if self.lock.is_mine() {
            self.place.forget();
        }
    }
}

impl<P: Robust> InPlace<P> {
    pub(super) fn new() -> Self {
        InPlace(P::AtomicU32::new(0))
    }

    /// Runs `code`, which may take any time, with the lock.
    pub(super) fn during<R>(&self, lock: &RawRobustMutex<P>, code: impl FnOnce() -> R) -> R {
        self.0.store(P::me().id(), Relaxed);
        let _mark = Mark { place: self, lock };
        code()
    }

    /// Refuses whoever does not want to wait for that.
    pub(super) fn check(&self, lock: &RawRobustMutex<P>) -> Result<(), Refusal> {
        match self.0.load(Relaxed) {
            0 => Ok(()),
            number if number != lock.holder() => Ok(()),
            _ => Err(Refusal::Busy),
        }
    }

    /// Why the lock was not to be had in time.
    #[cold]
    pub(super) fn late(&self, lock: &RawRobustMutex<P>) -> Refusal {
        self.check(lock).err().unwrap_or(Refusal::WouldBlock)
    }

    pub(super) fn forget(&self) {
        self.0.store(0, Relaxed);
    }
}
