//! A counting semaphore in two words.
//!
//! Called by [`sync::Semaphore`](crate::sync::Semaphore).
//!
//! | word | meaning |
//! |---|---|
//! | `count`, a futex | permits that are free |
//! | `waiters` | tasks that found none and may be asleep |
//!
//! 1. `count` never wraps around: nobody takes from 0, and a release that would exceed
//!    [`MAX`](RawSemaphore::MAX) is refused.
//! 2. A task counts itself among `waiters` before it looks at `count` for the last time
//!    and sleeps.
//! 3. A release adds to `count` before it looks at `waiters`. Of the two looks, one
//!    therefore sees the other side: either the waiter finds a permit, or it is woken.
//!
//! Orderings: taking a permit is an acquire and giving one back a release. Invariants 2
//! and 3 need the two looks in one order, which plain loads do not give; so the release
//! looks at `waiters` by an atomic addition of nothing, which reads the latest value and
//! takes part in that word's order of changes.
//!
//! When a process dies with a permit, that permit is gone. When it dies waiting,
//! `waiters` stays one too high for ever, which costs a system call a release and
//! nothing else. When it dies after it was woken and before it took its permit, the
//! permit is free, but another sleeper hears of it only with the next release.

use crate::Error;
use crate::platform::{Atomic, Cmp, Kind, Op, Platform, Site, Tasks, Woken};
use crate::shm::Shareable;
use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// A counting semaphore: permits that are taken and given back.
#[repr(C)]
pub struct RawSemaphore<P: Platform> {
    count: P::Futex,
    waiters: P::AtomicU32,
}

// SAFETY: two words that mean the same to every process, at whatever address.
unsafe impl<P: Tasks> Shareable for RawSemaphore<P> {}

impl<P: Platform> RawSemaphore<P> {
    /// The most permits that can be free at a time.
    pub const MAX: u32 = u32::MAX;

    /// A semaphore with `permits` free permits.
    #[inline]
    #[must_use]
    pub fn new(permits: u32) -> Self {
        RawSemaphore { count: P::Futex::new(permits), waiters: P::AtomicU32::new(0) }
    }

    /// The address that names this semaphore in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(&self.count) as usize
    }

    /// Takes a permit, waiting as long as it takes.
    #[inline]
    pub fn acquire(&self, site: P::Site) {
        P::step(
            || self.acquire_op(None, site),
            || {
                if !self.take() {
                    self.acquire_contended(None, site);
                }
            },
        );
    }

    /// Takes a permit if one is free; says whether it did.
    #[inline]
    pub fn try_acquire(&self, site: P::Site) -> bool {
        P::step(|| Op::new(Kind::TryAcquire, "try_acquire", self.address(), site.location()), || self.take())
    }

    /// Takes a permit unless `deadline` passes first; says whether it did.
    #[inline]
    pub fn acquire_until(&self, deadline: u64, site: P::Site) -> bool {
        P::step(
            || self.acquire_op(Some(deadline), site),
            || self.take() || self.acquire_contended(Some(deadline), site),
        )
    }

    /// Gives `permits` permits back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if more than [`MAX`](Self::MAX) would be free then;
    /// nothing was changed.
    #[inline]
    pub fn release(&self, permits: u32, site: P::Site) -> Result<(), Error> {
        P::step(
            || Op::new(Kind::Release, "release", self.address(), site.location()),
            || {
                self.give(permits)?;
                // Adding nothing instead of loading: see the orderings above.
                if self.waiters.fetch_add(0, AcqRel) > 0 {
                    P::futex_wake(&self.count, permits);
                }
                Ok(())
            },
        )
    }

    /// How many permits are free at this moment.
    #[inline]
    pub fn value(&self, site: P::Site) -> u32 {
        P::step(|| Op::new(Kind::Read, "value", self.address(), site.location()), || self.count.load(Relaxed))
    }

    #[inline]
    fn acquire_op(&self, deadline: Option<u64>, site: P::Site) -> Op {
        Op::new(Kind::Acquire, "acquire", self.address(), site.location())
            .when(P::guard(&self.count, !0, Cmp::Gt, 0))
            .until(deadline)
    }

    #[inline]
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

    #[inline]
    fn give(&self, permits: u32) -> Result<(), Error> {
        let mut count = self.count.load(Relaxed);
        loop {
            let Some(sum) = count.checked_add(permits) else { return Err(too_many(permits, count)) };
            match self.count.compare_exchange(count, sum, Release, Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => count = now,
            }
        }
    }

    #[cold]
    fn acquire_contended(&self, deadline: Option<u64>, site: P::Site) -> bool {
        // Invariant 2. What follows sees every release that did not see this.
        self.waiters.fetch_add(1, AcqRel);
        let taken = loop {
            if self.take() {
                break true;
            }
            let op = || self.acquire_op(deadline, site);
            if P::futex_wait(&self.count, 0, deadline, op, None::<fn() -> Op>) == Woken::TimedOut {
                break false;
            }
        };
        // Relaxed: a release that still sees us wakes once too often.
        self.waiters.fetch_sub(1, Relaxed);
        taken
    }
}

#[cold]
fn too_many(permits: u32, count: u32) -> Error {
    Error::InvalidArgument {
        what: "the number of permits to release",
        given: permits.to_string(),
        allowed: format!("at most {}, because {count} are free already", u32::MAX - count),
    }
}

impl<P: Platform> fmt::Debug for RawSemaphore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawSemaphore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;
    use crate::sys::clock;

    #[test]
    fn permits_are_counted() {
        let semaphore = RawSemaphore::<Native>::new(2);
        semaphore.acquire(());
        assert!(semaphore.try_acquire(()) && !semaphore.try_acquire(()));
        assert!(!semaphore.acquire_until(0, ()));
        assert!(!semaphore.acquire_until(clock::monotonic() + 1_000_000, ()));
        assert_eq!(semaphore.waiters.load(Relaxed), 0);
        semaphore.release(3, ()).unwrap();
        assert_eq!(semaphore.value(()), 3);
    }

    #[test]
    fn too_many_permits_are_refused_and_change_nothing() {
        let semaphore = RawSemaphore::<Native>::new(1);
        let error = semaphore.release(u32::MAX, ()).unwrap_err().to_string();
        assert!(error.contains("4294967295") && error.contains("at most 4294967294"), "{error}");
        assert_eq!(semaphore.value(()), 1);
    }
}
