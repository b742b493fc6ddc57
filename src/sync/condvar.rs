//! Waiting for a change of what a mutex protects.
//!
//! Called by programs: between threads as it is, between processes inside
//! [`Shared`](crate::shm::Shared), beside its mutex.
//!
//! | state of a waiter | has the mutex |
//! |---|---|
//! | before | yes |
//! | asleep | no |
//! | woken, or out of time | no; takes it like everybody else |
//! | after | yes |
//!
//! 1. A wait always comes back with the mutex, whatever ended it.
//! 2. It may come back without cause: wait in a loop, or with
//!    [`wait_while`](Condvar::wait_while).
//! 3. Giving the mutex up and falling asleep are one action for a notifier that holds
//!    the mutex.
//!
//! Orderings: those of the mutex.
//!
//! When a process dies asleep, nobody notices. When it dies after it was woken, the
//! notification is lost with it.

use super::mutex::{Mutex, MutexGuard};
use crate::platform::{Native, Platform, Site, Tasks};
use crate::raw::RawCondvar;
use crate::shm::Shareable;
use std::fmt;
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

/// A place to wait for a change of what a [`Mutex`] protects.
///
/// ```
/// use selvedge::{Condvar, Mutex};
/// use std::thread;
///
/// let (ready, changed) = (Mutex::new(false), Condvar::new());
/// thread::scope(|scope| {
///     scope.spawn(|| {
///         *ready.lock().unwrap() = true;
///         changed.notify_one();
///     });
///     let guard = changed.wait_while(ready.lock().unwrap(), |ready| !*ready).unwrap();
///     assert!(*guard);
/// });
/// ```
#[doc(alias = "Condition")]
#[repr(C)]
pub struct Condvar<P: Platform = Native> {
    raw: RawCondvar<P>,
}

// SAFETY: it is its words.
unsafe impl<P: Tasks> Shareable for Condvar<P> {}

/// Whether a wait with a timeout ended because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was up.
    #[must_use]
    pub fn timed_out(self) -> bool {
        self.0
    }
}

type Waited<'a, T, P> = LockResult<MutexGuard<'a, T, P>>;
type TimedWaited<'a, T, P> = LockResult<(MutexGuard<'a, T, P>, WaitTimeoutResult)>;

impl<P: Platform> Condvar<P> {
    /// A condition variable that nobody waits for.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        Condvar { raw: RawCondvar::new() }
    }

    /// Gives the lock up, sleeps until notified, and takes the lock again.
    ///
    /// # Errors
    /// If the mutex is poisoned by then; the error contains the guard.
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T, P>) -> Waited<'a, T, P> {
        self.wait_until(guard, None, P::Site::here()).0
    }

    /// Waits as long as `condition` holds for the protected value.
    ///
    /// # Errors
    /// If the mutex is poisoned by then; the error contains the guard.
    #[doc(alias = "wait_for")]
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T, P>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> Waited<'a, T, P> {
        let site = P::Site::here();
        while condition(&mut *guard) {
            guard = self.wait_until(guard, None, site).0?;
        }
        Ok(guard)
    }

    /// As [`wait`](Self::wait), but not much longer than `timeout`.
    ///
    /// # Errors
    /// If the mutex is poisoned by then; the error contains guard and result.
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T, P>,
        timeout: Duration,
    ) -> TimedWaited<'a, T, P> {
        let (guard, result) = self.wait_until(guard, Some(P::deadline(timeout)), P::Site::here());
        both(guard, result)
    }

    /// As [`wait_while`](Self::wait_while), but not much longer than `timeout`. The
    /// result says that the time was up only if `condition` still held then.
    ///
    /// # Errors
    /// If the mutex is poisoned by then; the error contains guard and result.
    #[track_caller]
    pub fn wait_timeout_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T, P>,
        timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> TimedWaited<'a, T, P> {
        let (deadline, site) = (P::deadline(timeout), P::Site::here());
        let mut timed_out = WaitTimeoutResult(false);
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            if timed_out.0 {
                return Ok((guard, timed_out));
            }
            let (again, result) = self.wait_until(guard, Some(deadline), site);
            (guard, timed_out) = both(again, result)?;
        }
    }

    /// Wakes the longest waiter, if there is any.
    #[doc(alias = "notify")]
    #[track_caller]
    #[inline]
    pub fn notify_one(&self) {
        self.raw.notify_one(P::Site::here());
    }

    /// Wakes up to `count` waiters, the longest ones first.
    #[track_caller]
    #[inline]
    pub fn notify_n(&self, count: u32) {
        self.raw.notify_n(count, P::Site::here());
    }

    /// Wakes all waiters.
    #[track_caller]
    #[inline]
    pub fn notify_all(&self) {
        self.raw.notify_all(P::Site::here());
    }

    /// Parks and, as the very next step, locks again.
    fn wait_until<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T, P>,
        deadline: Option<u64>,
        site: P::Site,
    ) -> (Waited<'a, T, P>, WaitTimeoutResult) {
        let mutex: &'a Mutex<T, P> = guard.leak();
        let notified = self.raw.park(mutex.raw(), deadline, site);
        (mutex.lock_at(site), WaitTimeoutResult(!notified))
    }
}

/// The result beside the guard, on both sides of a [`LockResult`].
fn both<'a, T: ?Sized, P: Platform>(
    guard: Waited<'a, T, P>,
    result: WaitTimeoutResult,
) -> TimedWaited<'a, T, P> {
    match guard {
        Ok(guard) => Ok((guard, result)),
        Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
    }
}

impl<P: Platform> Default for Condvar<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Platform> fmt::Debug for Condvar<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
