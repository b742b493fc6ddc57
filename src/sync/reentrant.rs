//! A value behind a lock that its holder can take again, and that survives its holders.
//!
//! Called by programs whose functions call each other under one lock.
//!
//! | state | `lock` by the holder | `lock` by others |
//! |---|---|---|
//! | free | | a guard, depth 1 |
//! | held | one more guard, depth + 1 | waits |
//! | its holder was killed, or panicked with a guard | | [`LockError::OwnerDied`], with the guard |
//! | given back unrepaired by one that was told of that | | [`LockError::Unrecoverable`], for ever |
//!
//! 1. Depth and the mark that the value is torn are touched by the holder only. Whoever
//!    takes the lock anew writes both, so that what a dead holder left there means nothing.
//! 2. Whether the caller is the holder, its own number in the word says: nobody else writes
//!    that, and nobody takes it away while the caller lives.
//! 3. Several guards of one holder give shared references only.
//!
//! Orderings: those of [`RawRobustMutex`].
//!
//! When a process dies here, at whatever instruction: as for
//! [`RobustMutex`](super::RobustMutex), however deep the holder was.

use super::LockError;
use crate::platform::{Native, Owner, Robust, Site, Tasks};
use crate::raw::{Left, RawRobustMutex, Taken};
use crate::shm::Shareable;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

/// Whether the value may be half written, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Torn {
    /// It is in order.
    No,
    /// The last holder died or panicked, and this one was told.
    Found,
    /// This holder panicked with a guard, and may have caught that.
    Here,
}

/// A value that one task at a time can use, which may take the lock again while it has it.
///
/// ```
/// use std::cell::Cell;
///
/// let calls = selvedge::ReentrantMutex::new(Cell::new(0));
/// let outer = calls.lock().unwrap();
/// let inner = calls.lock().unwrap();
/// inner.set(inner.get() + 1);
/// drop(inner);
/// assert_eq!(outer.get(), 1);
/// ```
#[doc(alias = "RLock")]
#[repr(C)]
pub struct ReentrantMutex<T: ?Sized, P: Robust = Native> {
    raw: RawRobustMutex<P>,
    depth: Cell<u32>,
    torn: Cell<Torn>,
    data: T,
}

// SAFETY: one task at a time has access to the data and to the cells, so that sharing the
// mutex only ever sends the data from one task to the next.
unsafe impl<T: ?Sized + Send, P: Robust> Sync for ReentrantMutex<T, P> {}
// SAFETY: words, and data that is shareable by itself.
unsafe impl<T: Shareable, P: Tasks> Shareable for ReentrantMutex<T, P> {
    const FORK_ONLY: bool = T::FORK_ONLY;
}

/// The right to use the value of a [`ReentrantMutex`], until it is dropped.
///
/// Only the thread that has the lock can give it back:
///
/// ```compile_fail,E0277
/// let lock = selvedge::ReentrantMutex::new(());
/// let guard = lock.lock().unwrap();
/// std::thread::scope(|scope| scope.spawn(|| drop(guard)).join());
/// ```
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct ReentrantMutexGuard<'a, T: ?Sized, P: Robust = Native> {
    lock: &'a ReentrantMutex<T, P>,
    owner: u32,
    panicking: bool,
    site: P::Site,
    // The lock is in its thread's list: no other thread can give it back.
    not_send: PhantomData<*const ()>,
}

/// What taking a reentrant lock comes to.
pub type ReentrantResult<'a, T, P = Native> =
    Result<ReentrantMutexGuard<'a, T, P>, LockError<ReentrantMutexGuard<'a, T, P>>>;

impl<T, P: Robust> ReentrantMutex<T, P> {
    /// A free mutex around `value`.
    #[inline]
    #[track_caller]
    pub fn new(value: T) -> Self {
        P::made("ReentrantMutex");
        ReentrantMutex {
            raw: RawRobustMutex::new(),
            depth: Cell::new(0),
            torn: Cell::new(Torn::No),
            data: value,
        }
    }

    /// The value, now that nobody else has the mutex, in whatever state it is.
    pub fn into_inner(self) -> T {
        self.data
    }
}

impl<T: ?Sized, P: Robust> ReentrantMutex<T, P> {
    /// Takes the lock, at once if the caller has it, otherwise waiting as long as it takes.
    ///
    /// # Errors
    /// [`LockError::OwnerDied`] with the guard, or [`LockError::Unrecoverable`].
    ///
    /// # Panics
    /// If the caller has it 2^32 - 1 times.
    #[doc(alias = "acquire")]
    #[track_caller]
    pub fn lock(&self) -> ReentrantResult<'_, T, P> {
        let site = P::Site::here();
        self.enter(site, || Some(self.raw.lock(site)))
    }

    /// Takes the lock if nobody else has it.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and [`LockError::WouldBlock`] if somebody else has it.
    ///
    /// # Panics
    /// As [`lock`](Self::lock).
    #[track_caller]
    pub fn try_lock(&self) -> ReentrantResult<'_, T, P> {
        let site = P::Site::here();
        self.enter(site, || self.raw.try_lock(site))
    }

    /// Takes the lock unless `deadline` (nanoseconds on the platform's clock) passes first.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and [`LockError::WouldBlock`] if it passed.
    ///
    /// # Panics
    /// As [`lock`](Self::lock).
    #[track_caller]
    pub fn lock_until(&self, deadline: u64) -> ReentrantResult<'_, T, P> {
        let site = P::Site::here();
        self.enter(site, || self.raw.lock_until(deadline, site))
    }

    /// Takes the lock unless that takes longer than `timeout`.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and [`LockError::WouldBlock`] if it did.
    ///
    /// # Panics
    /// As [`lock`](Self::lock).
    #[track_caller]
    pub fn try_lock_for(&self, timeout: Duration) -> ReentrantResult<'_, T, P> {
        self.lock_until(P::deadline(timeout))
    }

    /// Whether somebody has the lock at this moment: a task that died with it has not.
    #[doc(alias = "locked")]
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked(P::Site::here())
    }

    /// Whether nobody can take the lock any more. Without it, the answer may be old.
    #[track_caller]
    pub fn is_unrecoverable(&self) -> bool {
        self.raw.is_unrecoverable(P::Site::here())
    }

    /// Whether the caller has the lock.
    #[doc(alias = "_is_owned")]
    pub fn is_mine(&self) -> bool {
        self.raw.is_mine()
    }

    /// The value, since nobody else can have the mutex, in whatever state it is.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.data
    }

    fn enter(&self, site: P::Site, take: impl FnOnce() -> Option<Taken>) -> ReentrantResult<'_, T, P> {
        if self.raw.is_mine() {
            // Nobody else could tell whether this happened: it is no step.
            let depth = self.depth.get();
            assert!(depth < u32::MAX, "a lock was taken {depth} times by one task");
            self.depth.set(depth + 1);
            return Ok(self.guard(site));
        }
        match take() {
            None => Err(LockError::WouldBlock),
            Some(Taken::Unrecoverable) => Err(LockError::Unrecoverable),
            Some(taken) => {
                self.depth.set(1);
                self.torn.set(if taken == Taken::OwnerDied { Torn::Found } else { Torn::No });
                match taken {
                    Taken::OwnerDied => Err(LockError::OwnerDied(self.guard(site))),
                    _ => Ok(self.guard(site)),
                }
            }
        }
    }

    fn guard(&self, site: P::Site) -> ReentrantMutexGuard<'_, T, P> {
        let owner = P::me().id();
        ReentrantMutexGuard { lock: self, owner, panicking: P::panicking(), site, not_send: PhantomData }
    }
}

impl<T: ?Sized, P: Robust> ReentrantMutexGuard<'_, T, P> {
    /// Says that the value is in order again after its last holder died: for all guards of
    /// the caller.
    pub fn mark_consistent(&self) {
        self.lock.torn.set(Torn::No);
    }

    /// Whether the value is in order: it was when the lock was taken, or was marked since.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.lock.torn.get() == Torn::No
    }

    /// How often the caller has the lock.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.lock.depth.get()
    }
}

impl<T: ?Sized, P: Robust> Deref for ReentrantMutexGuard<'_, T, P> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.lock.data
    }
}

impl<T: ?Sized, P: Robust> Drop for ReentrantMutexGuard<'_, T, P> {
    fn drop(&mut self) {
        // A copy that came into a forked child gives back nothing.
        if P::me().id() != self.owner {
            return;
        }
        if !self.panicking && P::panicking() {
            self.lock.torn.set(Torn::Here);
        }
        let depth = self.lock.depth.get() - 1;
        self.lock.depth.set(depth);
        if depth == 0 {
            let left = match self.lock.torn.get() {
                Torn::No => Left::Clean,
                // The next one is the first to be told.
                Torn::Here => Left::OwnerDied,
                Torn::Found => Left::Unrecoverable,
            };
            self.lock.raw.unlock_mine(P::me(), left, self.site);
        }
    }
}

impl<T: Default, P: Robust> Default for ReentrantMutex<T, P> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, P: Robust> From<T> for ReentrantMutex<T, P> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized, P: Robust> fmt::Debug for ReentrantMutex<T, P> {
    /// Looks whether the lock is taken, which is an operation like
    /// [`is_locked`](ReentrantMutex::is_locked). The data is left out: to print must not be to lock.
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReentrantMutex").field("locked", &self.is_locked()).finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug, P: Robust> fmt::Debug for ReentrantMutexGuard<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use crate::{LockError, ReentrantMutex};
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    /// A panic below a guard that outlives it: the next one is told, and can repair.
    #[test]
    fn a_panic_that_was_caught_inside_is_told_of_to_the_next_one() {
        let lock = ReentrantMutex::new(Cell::new(0));
        let outer = lock.lock().unwrap();
        let inner = AssertUnwindSafe(|| {
            let guard = lock.lock().unwrap();
            guard.set(1);
            resume_unwind(Box::new("quiet"))
        });
        assert!(catch_unwind(inner).is_err());
        assert!(outer.depth() == 1 && !outer.is_consistent());
        drop(outer);
        let told = lock.lock().unwrap_err().into_guard().expect("it can be repaired");
        told.mark_consistent();
        drop(told);
        assert_eq!(lock.lock().unwrap().get(), 1);
    }

    #[test]
    fn who_was_told_and_does_not_repair_gives_it_up_for_all() {
        let lock = ReentrantMutex::new(Cell::new(0));
        let panics = AssertUnwindSafe(|| {
            let (_outer, _inner) = (lock.lock().unwrap(), lock.lock().unwrap());
            resume_unwind(Box::new("quiet"))
        });
        assert!(catch_unwind(panics).is_err());
        drop(lock.lock());
        assert!(matches!(lock.lock(), Err(LockError::Unrecoverable)) && lock.is_unrecoverable());
        assert!(!lock.is_mine());
    }
}
