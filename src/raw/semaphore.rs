//! A counting semaphore in one futex word.
//!
//! Called by [`sync::Semaphore`](crate::sync::Semaphore) and
//! [`sync::BoundedSemaphore`](crate::sync::BoundedSemaphore).
//!
//! | word | meaning | acquiring | releasing |
//! |---|---|---|---|
//! | n > 0 | n permits are free, nobody sleeps | writes n - 1 | adds |
//! | 0 | no permit is free, nobody sleeps | sets `WAITERS` and sleeps | adds |
//! | n, `WAITERS` | the same, and somebody may sleep | takes one, or sleeps | adds, and wakes |
//!
//! 1. The count never wraps around: nobody takes from 0, and a release after which more
//!    permits would be free than its caller allows is refused.
//! 2. Nobody sleeps unless the word was `WAITERS` alone when it fell asleep.
//! 3. Whoever takes or gives keeps `WAITERS`. Only a release that has just found fewer
//!    asleep than it gave permits takes the mark away. Who fell asleep in between did so
//!    by the mark that is gone: everybody is woken then, and sets it anew.
//!
//! Orderings: taking a permit is an acquire and giving one back a release. `WAITERS` needs
//! nothing: it stands in the same word as the count.
//!
//! When a process dies with a permit, that permit is gone: `RobustSemaphore` is the one
//! that gets it back. When it dies asleep, nothing follows. When it dies after it was woken and
//! before it took its permit, the permit is free, but another sleeper hears of it only
//! with the next release; and so it is when a task dies between giving back and waking.
//!
//! Source: U. Drepper, "Futexes Are Tricky" (2011), for the mark beside the number.

use crate::Error;
use crate::platform::{Atomic, Cmp, Guard, Kind, Op, Platform, Site, Tasks, Woken};
use crate::shm::Shareable;
use std::fmt;
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Somebody may sleep on the word.
const WAITERS: u32 = 0x8000_0000;
/// The number of free permits.
const COUNT: u32 = !WAITERS;

/// A counting semaphore: permits that are taken and given back.
#[repr(C)]
pub struct RawSemaphore<P: Platform> {
    word: P::Futex,
}

// SAFETY: a word that means the same to every process, at whatever address.
unsafe impl<P: Tasks> Shareable for RawSemaphore<P> {}

impl<P: Platform> RawSemaphore<P> {
    /// The most permits that can be free at a time.
    pub const MAX: u32 = COUNT;

    /// A semaphore with `permits` free permits.
    ///
    /// # Panics
    /// If they are more than [`MAX`](Self::MAX).
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn new(permits: u32) -> Self {
        match Self::try_new(permits) {
            Ok(semaphore) => semaphore,
            Err(error) => panic!("{error}"),
        }
    }

    /// A semaphore with `permits` free permits.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are more than [`MAX`](Self::MAX).
    #[inline]
    pub fn try_new(permits: u32) -> Result<Self, Error> {
        if permits > COUNT {
            return Err(Error::InvalidArgument {
                what: "the number of permits of a semaphore",
                given: permits.to_string(),
                allowed: format!("at most {COUNT}"),
            });
        }
        Ok(RawSemaphore { word: P::Futex::new(permits) })
    }

    /// The address that names this semaphore in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(&self.word) as usize
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
        let op = || Op::new(Kind::TryAcquire, "try_acquire", self.address(), site.location());
        P::step(|| op().only_where(self.free_guard()), || self.take().then_some(())).is_some()
    }

    /// Takes a permit unless `deadline` passes first; says whether it did.
    #[inline]
    pub fn acquire_until(&self, deadline: u64, site: P::Site) -> bool {
        let body = || (self.take() || self.acquire_contended(Some(deadline), site)).then_some(());
        P::step(|| self.acquire_op(Some(deadline), site), body).is_some()
    }

    /// Gives `permits` permits back, if no more than `limit` are free then.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if more than `limit`, or more than [`MAX`](Self::MAX),
    /// would be free; nothing was changed.
    #[inline]
    pub fn release(&self, permits: u32, limit: u32, site: P::Site) -> Result<(), Error> {
        P::step(
            || Op::new(Kind::Release, "release", self.address(), site.location()),
            || {
                if self.give(permits, limit.min(COUNT))? & WAITERS != 0 && permits > 0 {
                    self.wake(permits);
                }
                Ok(())
            },
        )
    }

    /// How many permits are free at this moment.
    #[inline]
    pub fn value(&self, site: P::Site) -> u32 {
        P::step(
            || Op::new(Kind::Read, "value", self.address(), site.location()),
            || self.word.load(Relaxed) & COUNT,
        )
    }

    #[inline]
    fn acquire_op(&self, deadline: Option<u64>, site: P::Site) -> Op {
        Op::new(Kind::Acquire, "acquire", self.address(), site.location())
            .when(self.free_guard())
            .until(deadline)
    }

    /// The guard that a permit is free.
    #[inline]
    fn free_guard(&self) -> Guard {
        P::guard(&self.word, COUNT, Cmp::Gt, 0)
    }

    #[inline]
    fn take(&self) -> bool {
        let mut word = self.word.load(Relaxed);
        while word & COUNT > 0 {
            match self.word.compare_exchange(word, word - 1, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Adds to the count; says what the word was before.
    #[inline]
    fn give(&self, permits: u32, limit: u32) -> Result<u32, Error> {
        let mut word = self.word.load(Relaxed);
        loop {
            let free = word & COUNT;
            if permits > limit.saturating_sub(free) {
                return Err(too_many(permits, free, limit));
            }
            match self.word.compare_exchange(word, word + permits, Release, Relaxed) {
                Ok(_) => return Ok(word),
                Err(now) => word = now,
            }
        }
    }

    #[cold]
    fn acquire_contended(&self, deadline: Option<u64>, site: P::Site) -> bool {
        loop {
            let word = self.spin();
            if word & COUNT > 0 {
                if self.take() {
                    return true;
                }
                continue;
            }
            // Invariant 2.
            if word == 0 && self.word.compare_exchange(0, WAITERS, Relaxed, Relaxed).is_err() {
                continue;
            }
            let op = || self.acquire_op(deadline, site);
            if P::futex_wait(&self.word, WAITERS, deadline, op, None::<fn() -> Op>) == Woken::TimedOut {
                return false;
            }
        }
    }

    /// Looks until a permit is free, or somebody sleeps (so that spinning would be unfair),
    /// or it took too long.
    fn spin(&self) -> u32 {
        for _ in 0..P::SPIN {
            match self.word.load(Relaxed) {
                0 => spin_loop(),
                word => return word,
            }
        }
        self.word.load(Relaxed)
    }

    #[cold]
    fn wake(&self, permits: u32) {
        if P::futex_wake(&self.word, permits) < permits {
            // Nobody sleeps any more, or only those who fell asleep since (invariant 3).
            self.word.fetch_and(COUNT, Relaxed);
            P::futex_wake(&self.word, u32::MAX);
        }
    }
}

#[cold]
fn too_many(permits: u32, free: u32, limit: u32) -> Error {
    Error::InvalidArgument {
        what: "the number of permits to release",
        given: permits.to_string(),
        allowed: match limit.saturating_sub(free) {
            0 => format!("0, because all {limit} permits are free already"),
            room => format!("at most {room}, because {free} of {limit} are free already"),
        },
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
        semaphore.release(3, COUNT, ()).unwrap();
        assert_eq!(semaphore.value(()), 3);
        assert_eq!(size_of::<RawSemaphore<Native>>(), 4);
    }

    #[test]
    fn too_many_permits_are_refused_and_change_nothing() {
        let semaphore = RawSemaphore::<Native>::new(1);
        let error = semaphore.release(u32::MAX, u32::MAX, ()).unwrap_err().to_string();
        assert!(error.contains("4294967295") && error.contains("at most 2147483646"), "{error}");
        let error = semaphore.release(1, 1, ()).unwrap_err().to_string();
        assert!(error.contains("all 1 permits are free already"), "{error}");
        assert_eq!(semaphore.value(()), 1);
    }
}
