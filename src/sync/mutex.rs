//! A value behind a lock.
//!
//! Called by programs: between threads as it is, between processes inside
//! [`Shared`](crate::shm::Shared).
//!
//! | state | lock | poison |
//! |---|---|---|
//! | free | free | 0 |
//! | held | taken, one guard exists | 0 |
//! | poisoned | free or taken | 1: a holder panicked |
//!
//! 1. A reference to the data is made only from a guard, and a guard exists only while
//!    its task has the lock (or from `&mut` or ownership of the whole mutex).
//! 2. The guard gives the lock back, and poisons first if a panic began under it. Both
//!    are one step.
//!
//! Orderings: those of [`RawMutex`](crate::raw::RawMutex). The poison mark is relaxed:
//! it is written and read under the lock, and `is_poisoned` promises nothing.
//!
//! When a process panics with the lock, the mutex is poisoned, as between threads. When
//! it is killed, no code of it runs any more: **this lock is not robust**, it stays taken,
//! and the others wait for ever or until their timeout. [`RobustMutex`](super::RobustMutex)
//! is the one that survives its holders.

use crate::platform::{Atomic, Kind, Native, Op, Platform, Site, Tasks};
use crate::raw::RawMutex;
use crate::shm::Shareable;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};
use std::time::Duration;

/// A value that one task at a time can use.
///
/// It is not robust: a process that is killed with the lock keeps it for ever.
/// [`RobustMutex`](super::RobustMutex) survives that.
///
/// ```
/// let money = selvedge::Mutex::new(100);
/// *money.lock().unwrap() += 1;
/// assert_eq!(money.into_inner().unwrap(), 101);
/// ```
#[doc(alias = "Lock")]
#[repr(C)]
pub struct Mutex<T: ?Sized, P: Platform = Native> {
    raw: RawMutex<P>,
    poison: P::AtomicU8,
    data: UnsafeCell<T>,
}

// SAFETY: invariant 1: at most one task at a time has access to the data, so that
// sharing the mutex only ever sends the data from one task to the next.
unsafe impl<T: ?Sized + Send, P: Platform> Sync for Mutex<T, P> {}
// SAFETY: words, and data that is shareable by itself.
unsafe impl<T: Shareable, P: Tasks> Shareable for Mutex<T, P> {
    const FORK_ONLY: bool = T::FORK_ONLY;
}

/// The right to use the value of a [`Mutex`], until it is dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct MutexGuard<'a, T: ?Sized, P: Platform = Native> {
    lock: &'a Mutex<T, P>,
    panicking: bool,
    site: P::Site,
    // As with std's guard, the task that locked is the one that unlocks.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared references to the data, no more.
unsafe impl<T: ?Sized + Sync, P: Platform> Sync for MutexGuard<'_, T, P> {}

impl<T, P: Platform> Mutex<T, P> {
    /// A free mutex around `value`.
    #[inline]
    #[track_caller]
    pub fn new(value: T) -> Self {
        P::made("Mutex");
        Mutex { raw: RawMutex::new(), poison: P::AtomicU8::new(0), data: UnsafeCell::new(value) }
    }

    /// The value, now that nobody else has the mutex.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error contains the value.
    pub fn into_inner(self) -> LockResult<T> {
        let poisoned = self.poisoned();
        or_poisoned(self.data.into_inner(), poisoned)
    }
}

impl<T: ?Sized, P: Platform> Mutex<T, P> {
    /// Takes the lock, waiting as long as it takes.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error contains the guard.
    #[doc(alias = "acquire")]
    #[track_caller]
    #[inline(always)]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T, P>> {
        self.lock_at(P::Site::here())
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// If somebody has it, or the mutex is poisoned.
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T, P>> {
        let site = P::Site::here();
        let attempt = || self.raw.try_lock(site).then(|| self.poisoned());
        self.tried(P::step(|| self.raw.try_lock_op(site), attempt), site)
    }

    /// Takes the lock unless `deadline` (nanoseconds on the platform's clock) passes first.
    ///
    /// # Errors
    /// [`TryLockError::WouldBlock`] if it passed, or if the mutex is poisoned.
    #[track_caller]
    #[inline]
    pub fn lock_until(&self, deadline: u64) -> TryLockResult<MutexGuard<'_, T, P>> {
        let site = P::Site::here();
        let attempt = || self.raw.lock_until(deadline, site).then(|| self.poisoned());
        self.tried(P::step(|| self.raw.lock_op(site).until(Some(deadline)), attempt), site)
    }

    /// Takes the lock unless that takes longer than `timeout`.
    ///
    /// # Errors
    /// [`TryLockError::WouldBlock`] if it did, or if the mutex is poisoned.
    #[track_caller]
    #[inline]
    pub fn try_lock_for(&self, timeout: Duration) -> TryLockResult<MutexGuard<'_, T, P>> {
        self.lock_until(P::deadline(timeout))
    }

    /// Whether somebody has the lock at this moment.
    #[doc(alias = "locked")]
    #[track_caller]
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked(P::Site::here())
    }

    /// Whether a holder panicked. Without the lock, the answer may be old.
    #[track_caller]
    #[inline]
    pub fn is_poisoned(&self) -> bool {
        let site = P::Site::here();
        P::step(|| self.poison_op(Kind::Read, "is_poisoned", site), || self.poisoned())
    }

    /// Forgets that a holder panicked.
    #[track_caller]
    #[inline]
    pub fn clear_poison(&self) {
        let site = P::Site::here();
        P::step(|| self.poison_op(Kind::Write, "clear_poison", site), || self.poison.store(0, Relaxed));
    }

    /// The value, since nobody else can have the mutex.
    ///
    /// # Errors
    /// If the mutex is poisoned; the error contains the reference.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        let poisoned = self.poisoned();
        or_poisoned(self.data.get_mut(), poisoned)
    }

    /// The lock alone, for a condition variable.
    #[inline]
    pub(super) fn raw(&self) -> &RawMutex<P> {
        &self.raw
    }

    /// Takes the lock on behalf of `site`. The guard is made in the caller, so that it need
    /// not come there through memory.
    #[inline(always)]
    pub(super) fn lock_at(&self, site: P::Site) -> LockResult<MutexGuard<'_, T, P>> {
        let poisoned = self.take(site);
        or_poisoned(self.guard(site), poisoned)
    }

    /// Takes the lock; says whether the mutex is poisoned.
    #[inline]
    fn take(&self, site: P::Site) -> bool {
        // The mark is read in the same step, so that it is no operation of its own.
        P::step(
            || self.raw.lock_op(site),
            || {
                self.raw.lock_within(site);
                self.poisoned()
            },
        )
    }

    /// Gives the lock back; a panic that began under it poisons the mutex.
    #[inline]
    fn give_back(&self, panicking: bool, site: P::Site) {
        P::step(
            || self.raw.unlock_op(site),
            || {
                if !panicking && P::panicking() {
                    self.poison.store(1, Relaxed);
                }
                self.raw.unlock_within();
            },
        );
    }

    /// What an attempt came to: the lock and whether it was poisoned, or nothing.
    #[inline]
    fn tried(&self, taken: Option<bool>, site: P::Site) -> TryLockResult<MutexGuard<'_, T, P>> {
        match taken {
            Some(poisoned) => Ok(or_poisoned(self.guard(site), poisoned)?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// A guard for the task that has just taken the lock.
    #[inline]
    fn guard(&self, site: P::Site) -> MutexGuard<'_, T, P> {
        MutexGuard { lock: self, panicking: P::panicking(), site, not_send: PhantomData }
    }

    #[inline]
    fn poisoned(&self) -> bool {
        self.poison.load(Relaxed) != 0
    }

    fn poison_op(&self, kind: Kind, name: &'static str, site: P::Site) -> Op {
        Op::new(kind, name, std::ptr::from_ref(&self.poison) as usize, site.location())
    }
}

#[inline]
fn or_poisoned<T>(value: T, poisoned: bool) -> LockResult<T> {
    if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
}

impl<'a, T: ?Sized, P: Platform> MutexGuard<'a, T, P> {
    /// The mutex, whose lock the caller must now give back itself.
    #[inline]
    pub(super) fn leak(self) -> &'a Mutex<T, P> {
        let lock = self.lock;
        std::mem::forget(self);
        lock
    }
}

impl<T: ?Sized, P: Platform> Deref for MutexGuard<'_, T, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: invariant 1.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized, P: Platform> DerefMut for MutexGuard<'_, T, P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: invariant 1, and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized, P: Platform> Drop for MutexGuard<'_, T, P> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lock.give_back(self.panicking, self.site);
    }
}

impl<T: Default, P: Platform> Default for Mutex<T, P> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, P: Platform> From<T> for Mutex<T, P> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized, P: Platform> fmt::Debug for Mutex<T, P> {
    /// Looks whether the lock is taken, which is an operation like
    /// [`is_locked`](Mutex::is_locked). The data is left out: to print must not be to lock.
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").field("locked", &self.is_locked()).finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug, P: Platform> fmt::Debug for MutexGuard<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, P: Platform> fmt::Display for MutexGuard<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
