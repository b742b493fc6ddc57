//! A value behind a lock that survives its holders.
//!
//! Called by programs whose processes may be killed, and by the channels, pools and
//! managers built for them.
//!
//! | state | `lock` |
//! |---|---|
//! | free | the guard |
//! | held | waits |
//! | its holder was killed, or panicked | [`LockError::OwnerDied`], with the guard |
//! | given back without [`mark_consistent`](RobustMutexGuard::mark_consistent) after that | [`LockError::Unrecoverable`], for ever |
//!
//! 1. A reference to the data is made only from a guard, and a guard exists only while its
//!    task has the lock (or from `&mut` or ownership of the whole mutex).
//! 2. After each death exactly one task is told. If it dies too, the next one is told.
//! 3. A guard gives back only what its own task has: a copy that came into a forked child
//!    gives back nothing.
//!
//! Orderings: those of [`RawRobustMutex`]; what a killed holder had written, the next one
//! sees.
//!
//! When a process dies here, at whatever instruction, the others go on, within a
//! millisecond as a rule; the table in [`raw::robust`](crate::raw::RawRobustMutex) goes
//! through all cases. The limits: a thread that holds more than 2,048 robust locks when it
//! dies lets go of the newest 2,048; processes of different pid namespaces must not share
//! one; and the memory of a mutex must stay while its guard exists, even if that guard was
//! given to [`forget`](std::mem::forget).

use crate::platform::{Native, Owner, Robust, Site, Tasks};
use crate::raw::{Left, RawRobustMutex, Taken};
use crate::shm::Shareable;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// A value that one task at a time can use, and that the others can still use when that
/// one is killed.
///
/// ```
/// use selvedge::{LockError, Process, RobustMutex, Shared};
///
/// let pair = Shared::new(RobustMutex::new([1, 1]));
/// let child = Process::spawn({
///     let pair = pair.clone();
///     move || {
///         let mut pair = pair.lock().unwrap();
///         pair[0] = 2;
///         selvedge::exit(0); // With the lock, and half of the work done.
///     }
/// });
/// child.join()?;
/// match pair.lock() {
///     Err(LockError::OwnerDied(mut pair)) => {
///         pair[1] = pair[0];
///         pair.mark_consistent();
///     }
///     other => panic!("the holder died, but: {other:?}"),
/// }
/// assert_eq!(*pair.lock().unwrap(), [2, 2]);
/// # Ok::<(), selvedge::Error>(())
/// ```
#[doc(alias = "PTHREAD_MUTEX_ROBUST")]
#[repr(C)]
pub struct RobustMutex<T: ?Sized, P: Robust = Native> {
    raw: RawRobustMutex<P>,
    data: UnsafeCell<T>,
}

// SAFETY: invariant 1, as for `Mutex`. The links in the raw lock are touched by its holder
// only.
unsafe impl<T: ?Sized + Send, P: Robust> Sync for RobustMutex<T, P> {}
// SAFETY: as above; nothing in it belongs to one thread.
unsafe impl<T: ?Sized + Send, P: Robust> Send for RobustMutex<T, P> {}
// SAFETY: words, and data that is shareable by itself.
unsafe impl<T: Shareable, P: Tasks> Shareable for RobustMutex<T, P> {
    const FORK_ONLY: bool = T::FORK_ONLY;
}

/// The right to use the value of a [`RobustMutex`], until it is dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RobustMutexGuard<'a, T: ?Sized, P: Robust = Native> {
    lock: &'a RobustMutex<T, P>,
    owner: u32,
    consistent: bool,
    panicking: bool,
    site: P::Site,
    // The lock is in its thread's list: no other thread can give it back.
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared references to the data, no more.
unsafe impl<T: ?Sized + Sync, P: Robust> Sync for RobustMutexGuard<'_, T, P> {}

/// Why a robust lock was not taken, or not without more ado.
#[non_exhaustive]
pub enum LockError<G> {
    /// It was taken, but its last holder died or panicked with it: the value may be half
    /// written. Repair it and call [`mark_consistent`](RobustMutexGuard::mark_consistent),
    /// or drop the guard, and nobody can take the lock any more.
    OwnerDied(G),
    /// After a death nobody repaired the value.
    Unrecoverable,
    /// Somebody has it, and still had it when the time was up. Only from the calls that do
    /// not wait for ever.
    WouldBlock,
}

/// What taking a robust lock comes to.
pub type RobustResult<'a, T, P = Native> =
    Result<RobustMutexGuard<'a, T, P>, LockError<RobustMutexGuard<'a, T, P>>>;

impl<T, P: Robust> RobustMutex<T, P> {
    /// A free mutex around `value`.
    #[inline]
    #[track_caller]
    pub fn new(value: T) -> Self {
        P::made("RobustMutex");
        RobustMutex { raw: RawRobustMutex::new(), data: UnsafeCell::new(value) }
    }

    /// The value, now that nobody else has the mutex, in whatever state it is.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized, P: Robust> RobustMutex<T, P> {
    /// Takes the lock, waiting as long as it takes.
    ///
    /// # Errors
    /// [`LockError::OwnerDied`] with the guard, or [`LockError::Unrecoverable`].
    ///
    /// # Panics
    /// If the calling task has the lock: nobody else would ever give it back.
    /// [`try_lock`](Self::try_lock) returns an error.
    #[doc(alias = "acquire")]
    #[track_caller]
    #[inline(always)]
    pub fn lock(&self) -> RobustResult<'_, T, P> {
        let site = P::Site::here();
        self.guard(Some(self.raw.lock(site)), site)
    }

    /// Takes the lock if nobody alive has it.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and [`LockError::WouldBlock`] if somebody has it.
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> RobustResult<'_, T, P> {
        let site = P::Site::here();
        self.guard(self.raw.try_lock(site), site)
    }

    /// Takes the lock unless `deadline` (nanoseconds on the platform's clock) passes first.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and [`LockError::WouldBlock`] if it passed.
    #[track_caller]
    #[inline]
    pub fn lock_until(&self, deadline: u64) -> RobustResult<'_, T, P> {
        let site = P::Site::here();
        self.guard(self.raw.lock_until(deadline, site), site)
    }

    /// Takes the lock unless that takes longer than `timeout`.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and [`LockError::WouldBlock`] if it did.
    #[track_caller]
    #[inline]
    pub fn try_lock_for(&self, timeout: Duration) -> RobustResult<'_, T, P> {
        self.lock_until(P::deadline(timeout))
    }

    /// Takes the lock, and has `repair` put the value in order first if its last holder
    /// died with it.
    ///
    /// # Errors
    /// [`LockError::Unrecoverable`], if a task before this one did not repair it.
    #[track_caller]
    pub fn lock_or_repair(&self, repair: impl FnOnce(&mut T)) -> RobustResult<'_, T, P> {
        let site = P::Site::here();
        match self.guard(Some(self.raw.lock(site)), site) {
            Err(LockError::OwnerDied(mut guard)) => {
                repair(&mut guard);
                guard.mark_consistent();
                Ok(guard)
            }
            other => other,
        }
    }

    /// Whether somebody has the lock at this moment: a task that died with it has not.
    #[doc(alias = "locked")]
    #[track_caller]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked(P::Site::here())
    }

    /// Whether nobody can take the lock any more. Without it, the answer may be old.
    #[track_caller]
    #[inline]
    pub fn is_unrecoverable(&self) -> bool {
        self.raw.is_unrecoverable(P::Site::here())
    }

    /// The value, since nobody else can have the mutex, in whatever state it is.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// The guard for how the lock was found, if it was taken.
    #[inline(always)]
    fn guard(&self, taken: Option<Taken>, site: P::Site) -> RobustResult<'_, T, P> {
        let guard = |consistent| RobustMutexGuard {
            lock: self,
            owner: P::me().id(),
            consistent,
            panicking: P::panicking(),
            site,
            not_send: PhantomData,
        };
        match taken {
            Some(Taken::Clean) => Ok(guard(true)),
            Some(Taken::OwnerDied) => Err(LockError::OwnerDied(guard(false))),
            Some(Taken::Unrecoverable) => Err(LockError::Unrecoverable),
            None => Err(LockError::WouldBlock),
        }
    }
}

impl<T: ?Sized, P: Robust> RobustMutexGuard<'_, T, P> {
    /// Says that the value is in order again after its last holder died.
    #[doc(alias = "pthread_mutex_consistent")]
    pub fn mark_consistent(&mut self) {
        self.consistent = true;
    }

    /// Whether the value is in order: it was when the lock was taken, or was marked since.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.consistent
    }
}

impl<'a, T: ?Sized, P: Robust> RobustMutexGuard<'a, T, P> {
    /// For a condition variable: gives the lock up as when dropped, with `wait`, which takes
    /// it again and says how it was found. A copy in a forked child has nothing to give up,
    /// and only takes the lock.
    pub(super) fn give_up_for(
        self,
        site: P::Site,
        wait: impl FnOnce(&RawRobustMutex<P>, Left) -> Taken,
    ) -> RobustResult<'a, T, P> {
        let (lock, mine) = (self.lock, P::me().id() == self.owner);
        let left = if self.consistent { Left::Clean } else { Left::Unrecoverable };
        std::mem::forget(self);
        let taken = if mine { wait(&lock.raw, left) } else { lock.raw.lock(site) };
        lock.guard(Some(taken), site)
    }
}

impl<T: ?Sized, P: Robust> Deref for RobustMutexGuard<'_, T, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: invariant 1.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized, P: Robust> DerefMut for RobustMutexGuard<'_, T, P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: invariant 1, and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized, P: Robust> Drop for RobustMutexGuard<'_, T, P> {
    #[inline(always)]
    fn drop(&mut self) {
        // Invariant 3.
        let me = P::me();
        if me.id() == self.owner {
            let left = match self.consistent {
                _ if !self.panicking && P::panicking() => Left::OwnerDied,
                true => Left::Clean,
                false => Left::Unrecoverable,
            };
            self.lock.raw.unlock_mine(me, left, self.site);
        }
    }
}

impl<T: Default, P: Robust> Default for RobustMutex<T, P> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, P: Robust> From<T> for RobustMutex<T, P> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized, P: Robust> fmt::Debug for RobustMutex<T, P> {
    /// Looks whether the lock is taken, which is an operation like
    /// [`is_locked`](RobustMutex::is_locked). The data is left out: to print must not be to lock.
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RobustMutex").field("locked", &self.is_locked()).finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug, P: Robust> fmt::Debug for RobustMutexGuard<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<G> LockError<G> {
    /// The guard of a lock whose last holder died; nothing in the other cases.
    pub fn into_guard(self) -> Option<G> {
        match self {
            LockError::OwnerDied(guard) => Some(guard),
            LockError::Unrecoverable | LockError::WouldBlock => None,
        }
    }
}

impl<G> fmt::Display for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockError::OwnerDied(_) => {
                "the last holder of the lock died with it; repair the value and call mark_consistent()"
            }
            LockError::Unrecoverable => "the lock is unrecoverable: after a death nobody repaired its value",
            LockError::WouldBlock => "somebody else has the lock",
        })
    }
}

impl<G> fmt::Debug for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockError::OwnerDied(_) => "OwnerDied(..)",
            LockError::Unrecoverable => "Unrecoverable",
            LockError::WouldBlock => "WouldBlock",
        })
    }
}

impl<G> std::error::Error for LockError<G> {}
