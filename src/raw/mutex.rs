//! A lock in one futex word.
//!
//! Called by [`sync::Mutex`](crate::sync::Mutex), by [`RawCondvar`](super::RawCondvar)
//! and wherever a few words need a lock of their own.
//!
//! | word | meaning | unlocking |
//! |---|---|---|
//! | `FREE` 0 | nobody has it | |
//! | `LOCKED` 1 | somebody has it, nobody sleeps | writes `FREE` |
//! | `CONTENDED` 2 | somebody has it, somebody may sleep | writes `FREE` and wakes one |
//!
//! 1. Only the task that changed the word from `FREE` has the lock.
//! 2. Nobody sleeps unless the word was `CONTENDED` when it fell asleep, so that an
//!    unlock which finds `LOCKED` need not wake anybody.
//! 3. Who was woken takes the lock as `CONTENDED`: it cannot know whether others sleep.
//!    One wake-up too many is the price, a lost one is not.
//!
//! Orderings: taking the lock is an acquire and giving it back a release, so that what
//! one holder wrote the next one sees. A failed attempt learns nothing and is relaxed.
//!
//! When a process dies with the lock, the word stays as it is and everybody else waits
//! for ever: this lock is not robust, and [`RawRobustMutex`](super::RawRobustMutex) is. When it dies between writing `FREE` and waking, a sleeper sleeps on until
//! the next contended unlock.
//!
//! Source: U. Drepper, "Futexes Are Tricky" (2011), the third mutex.

use crate::Error;
use crate::platform::{Atomic, Cmp, Guard, Kind, Op, Platform, Site, Woken};
use crate::shm::Shareable;
use std::fmt;
use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const FREE: u32 = 0;
const LOCKED: u32 = 1;
const CONTENDED: u32 = 2;

/// A lock without data: three states of one word.
#[repr(C)]
pub struct RawMutex<P: Platform> {
    word: P::Futex,
}

// SAFETY: a word that means the same to every process, at whatever address.
unsafe impl<P: crate::platform::Tasks> Shareable for RawMutex<P> {}

impl<P: Platform> RawMutex<P> {
    /// A free lock.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        RawMutex { word: P::Futex::new(FREE) }
    }

    /// The futex word, whose address names this lock.
    #[inline]
    pub(crate) fn word(&self) -> &P::Futex {
        &self.word
    }

    /// The address that names this lock in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        std::ptr::from_ref(self.word()) as usize
    }

    /// Takes the lock, waiting as long as it takes.
    #[inline]
    pub fn lock(&self, site: P::Site) {
        P::step(|| self.lock_op(site), || self.lock_within(site));
    }

    /// Takes the lock as a part of the caller's step.
    #[inline]
    pub(crate) fn lock_within(&self, site: P::Site) {
        if !self.take() {
            self.lock_contended(None, site);
        }
    }

    /// Takes the lock if it is free; says whether it did.
    #[inline]
    pub fn try_lock(&self, site: P::Site) -> bool {
        P::step(|| self.try_lock_op(site), || self.take().then_some(())).is_some()
    }

    /// Takes the lock unless `deadline` passes first; says whether it did.
    #[inline]
    pub fn lock_until(&self, deadline: u64, site: P::Site) -> bool {
        let body = || (self.take() || self.lock_contended(Some(deadline), site)).then_some(());
        P::step(|| self.lock_op(site).until(Some(deadline)), body).is_some()
    }

    /// Gives the lock back. The caller must have it; if nobody has, nothing happens.
    #[inline]
    pub fn unlock(&self, site: P::Site) {
        P::step(|| self.unlock_op(site), || self.unlock_within());
    }

    /// Gives the lock back as a part of the caller's step.
    #[inline]
    pub(crate) fn unlock_within(&self) {
        if self.word.swap(FREE, Release) == CONTENDED {
            self.wake();
        }
    }

    /// The same where nobody having the lock is a mistake to be told of. That somebody
    /// else has it cannot be told: the word says that it is held and not by whom.
    ///
    /// # Errors
    /// [`Error::NotOwner`] if nobody has it; nothing was changed.
    pub fn try_unlock(&self, site: P::Site) -> Result<(), Error> {
        P::step(
            || self.unlock_op(site),
            || match self.word.swap(FREE, Release) {
                FREE => Err(Error::NotOwner { what: "mutex" }),
                word => {
                    if word == CONTENDED {
                        self.wake();
                    }
                    Ok(())
                }
            },
        )
    }

    /// Whether somebody has the lock at this moment.
    #[inline]
    pub fn is_locked(&self, site: P::Site) -> bool {
        let op = || Op::new(Kind::Read, "is_locked", self.address(), site.location());
        P::step(op, || self.word.load(Relaxed) != FREE)
    }

    /// The operation that [`lock`](Self::lock) announces.
    #[inline]
    pub(crate) fn lock_op(&self, site: P::Site) -> Op {
        Op::new(Kind::Acquire, "lock", self.address(), site.location()).when(self.free_guard())
    }

    /// The operation that [`try_lock`](Self::try_lock) announces.
    #[inline]
    pub(crate) fn try_lock_op(&self, site: P::Site) -> Op {
        let op = Op::new(Kind::TryAcquire, "try_lock", self.address(), site.location());
        op.only_where(self.free_guard())
    }

    /// The guard that nobody has the lock.
    #[inline]
    fn free_guard(&self) -> Guard {
        P::guard(&self.word, !0, Cmp::Eq, FREE)
    }

    /// The operation that [`unlock`](Self::unlock) announces.
    #[inline]
    pub(crate) fn unlock_op(&self, site: P::Site) -> Op {
        Op::new(Kind::Release, "unlock", self.address(), site.location())
    }

    #[inline]
    fn take(&self) -> bool {
        self.word.compare_exchange(FREE, LOCKED, Acquire, Relaxed).is_ok()
    }

    #[cold]
    fn lock_contended(&self, deadline: Option<u64>, site: P::Site) -> bool {
        let mut state = self.spin();
        // Nobody was seen asleep, so LOCKED is enough.
        if state == FREE && self.take() {
            return true;
        }
        loop {
            // Invariant 2: CONTENDED before sleeping. Finding FREE, we have the lock.
            if state != CONTENDED && self.word.swap(CONTENDED, Acquire) == FREE {
                return true;
            }
            let op = || self.lock_op(site).until(deadline);
            // Giving up leaves CONTENDED behind: one wake-up too many (invariant 3).
            if P::futex_wait(&self.word, CONTENDED, deadline, op, None::<fn() -> Op>) == Woken::TimedOut {
                return false;
            }
            state = self.spin();
        }
    }

    /// Looks until the lock is free, or somebody sleeps (so that spinning would be
    /// unfair), or it took too long.
    fn spin(&self) -> u32 {
        for _ in 0..P::SPIN {
            match self.word.load(Relaxed) {
                LOCKED => spin_loop(),
                state => return state,
            }
        }
        self.word.load(Relaxed)
    }

    #[cold]
    fn wake(&self) {
        P::futex_wake(&self.word, 1);
    }
}

impl<P: Platform> Default for RawMutex<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Platform> fmt::Debug for RawMutex<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMutex").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;
    use crate::sys::clock;
    use std::cell::Cell;
    use std::thread;

    struct Counter(RawMutex<Native>, Cell<u64>);
    // SAFETY: the tests touch the cell only while they hold the lock beside it.
    unsafe impl Sync for Counter {}

    #[test]
    fn no_increment_under_the_lock_is_lost() {
        let counter = Counter(RawMutex::new(), Cell::new(0));
        let add = || {
            let Counter(lock, cell) = &counter;
            for _ in 0..10_000 {
                lock.lock(());
                cell.set(cell.get() + 1);
                lock.unlock(());
            }
        };
        let add: &(dyn Fn() + Sync) = &{ add };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(add);
            }
        });
        assert_eq!(counter.1.get(), 40_000);
        assert_eq!(size_of::<RawMutex<Native>>(), 4);
    }

    #[test]
    fn a_free_lock_is_not_given_back() {
        let lock = RawMutex::<Native>::new();
        assert!(lock.try_unlock(()).is_err() && !lock.is_locked(()));
        lock.lock(());
        assert!(lock.is_locked(()));
        lock.try_unlock(()).unwrap();
        let error = lock.try_unlock(()).unwrap_err().to_string();
        assert!(error.contains("only the task that locked it can"), "{error}");
    }

    #[test]
    fn a_held_lock_is_not_taken_again() {
        let lock = RawMutex::<Native>::new();
        assert!(lock.try_lock(()) && !lock.try_lock(()));
        assert!(!lock.lock_until(0, ()));
        assert!(!lock.lock_until(clock::monotonic() + 1_000_000, ()));
        lock.unlock(());
        assert!(lock.lock_until(0, ()), "a free lock is taken however late it is");
    }
}
