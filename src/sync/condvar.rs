//! Waiting for a change of what a mutex protects.
//!
//! Called by programs: between threads as it is, between processes inside
//! [`Shared`](crate::shm::Shared), beside its mutex: a [`Mutex`](super::Mutex) or a
//! [`RobustMutex`](super::RobustMutex).
//!
//! | state of a waiter | has the mutex |
//! |---|---|
//! | before | yes |
//! | asleep | no |
//! | woken, or out of time | no; takes it like everybody else |
//! | after | yes |
//!
//! 1. A wait always comes back with the mutex, whatever ended it, unless that is
//!    unrecoverable.
//! 2. It may come back without cause: wait in a loop, or with
//!    [`wait_while`](Condvar::wait_while).
//! 3. Giving the mutex up and falling asleep are one action for a notifier that holds
//!    the mutex.
//! 4. Waiters may come with different mutexes. A notification wakes whoever slept longest,
//!    whatever its mutex is; so one mutex for each condition is what programs want.
//!
//! Orderings: those of the mutex.
//!
//! When a process dies here, at whatever instruction: nobody waits for a dead waiter, and
//! `notify` never does. **With a [`RobustMutex`](super::RobustMutex)**, a waiter that dies
//! before it has its mutex back takes no notification with it: another waiter, if there is
//! one, comes back instead, within a millisecond as a rule. After that, the dead one was the
//! mutex's holder: whoever takes the mutex next is told, be it a waiter on its way back, and
//! should notify those who may have waited for what the dead one was about to do: they are
//! still asleep. **With a plain [`Mutex`](super::Mutex)** none of this holds: a notification
//! dies with the waiter that was woken, and a mutex with its holder. The limit: of more than
//! fifteen waiters with robust mutexes at a time, the others look once a millisecond instead
//! of sleeping. The table in [`RawCondvar`] goes through all cases.

use super::mutex::MutexGuard;
use super::robust::{LockError, RobustMutexGuard};
use crate::platform::{Native, Robust, Site, Tasks};
use crate::raw::RawCondvar;
use crate::shm::Shareable;
use std::fmt;
use std::ops::DerefMut;
use std::sync::PoisonError;
use std::time::Duration;

/// A place to wait for a change of what a [`Mutex`](super::Mutex) or a
/// [`RobustMutex`](super::RobustMutex) protects.
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
///
/// To wait without the lock does not compile:
///
/// ```compile_fail,E0277
/// let (ready, changed) = (selvedge::Mutex::new(false), selvedge::Condvar::new());
/// let _ = changed.wait(&ready);
/// ```
///
/// Over a robust lock, also whoever waits is told that a holder died:
///
/// ```
/// use selvedge::{Condvar, LockError, Process, RobustMutex, Shared, shareable};
///
/// shareable! { struct Job { done: RobustMutex<bool>, changed: Condvar } }
///
/// let job = Shared::new(Job { done: RobustMutex::new(false), changed: Condvar::new() });
/// let worker = Process::spawn({
///     let job = job.clone();
///     move || {
///         let _done = job.done.lock();
///         job.changed.notify_one();
///         selvedge::exit(1); // With the lock.
///     }
/// });
/// let waited = match job.done.lock() {
///     Ok(done) => job.changed.wait_while(done, |done| !*done),
///     died => died,
/// };
/// assert!(matches!(waited, Err(LockError::OwnerDied(_))));
/// # worker.join()?;
/// # Ok::<(), selvedge::Error>(())
/// ```
#[doc(alias = "Condition")]
#[repr(C)]
pub struct Condvar<P: Robust = Native> {
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

/// A guard that a [`Condvar`] can give up and get back: that of a [`Mutex`](super::Mutex) or
/// of a [`RobustMutex`](super::RobustMutex).
pub trait WaitGuard<P: Robust>: DerefMut + Sized + sealed::Sealed {
    /// What there is instead of the guard, or around it, if the mutex was not found in order.
    type Error;
    /// The same for a wait with a timeout.
    type TimedError;

    /// Waits, and gets the guard back; says whether the time was up.
    #[doc(hidden)]
    fn wait(
        self,
        condvar: &RawCondvar<P>,
        deadline: Option<u64>,
        site: P::Site,
    ) -> (Result<Self, Self::Error>, WaitTimeoutResult);

    /// The result beside the guard, on both sides.
    #[doc(hidden)]
    fn timed(
        guard: Result<Self, Self::Error>,
        result: WaitTimeoutResult,
    ) -> Result<(Self, WaitTimeoutResult), Self::TimedError>;
}

mod sealed {
    pub trait Sealed {}
    impl<T: ?Sized, P: crate::platform::Platform> Sealed for super::MutexGuard<'_, T, P> {}
    impl<T: ?Sized, P: crate::platform::Robust> Sealed for super::RobustMutexGuard<'_, T, P> {}
}

impl<T: ?Sized, P: Robust> WaitGuard<P> for MutexGuard<'_, T, P> {
    type Error = PoisonError<Self>;
    type TimedError = PoisonError<(Self, WaitTimeoutResult)>;

    /// Parks and, as the very next step, locks again.
    #[inline(always)]
    fn wait(
        self,
        condvar: &RawCondvar<P>,
        deadline: Option<u64>,
        site: P::Site,
    ) -> (Result<Self, Self::Error>, WaitTimeoutResult) {
        let mutex = self.leak();
        let notified = condvar.park(mutex.raw(), deadline, site);
        (mutex.lock_at(site), WaitTimeoutResult(!notified))
    }

    fn timed(
        guard: Result<Self, Self::Error>,
        result: WaitTimeoutResult,
    ) -> Result<(Self, WaitTimeoutResult), Self::TimedError> {
        match guard {
            Ok(guard) => Ok((guard, result)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
        }
    }
}

impl<T: ?Sized, P: Robust> WaitGuard<P> for RobustMutexGuard<'_, T, P> {
    type Error = LockError<Self>;
    type TimedError = LockError<(Self, WaitTimeoutResult)>;

    fn wait(
        self,
        condvar: &RawCondvar<P>,
        deadline: Option<u64>,
        site: P::Site,
    ) -> (Result<Self, Self::Error>, WaitTimeoutResult) {
        let mut timed_out = false;
        let guard = self.give_up_for(site, |mutex, left| {
            let (taken, late) = condvar.wait_robust_until(mutex, left, deadline, site);
            timed_out = late;
            taken
        });
        (guard, WaitTimeoutResult(timed_out))
    }

    fn timed(
        guard: Result<Self, Self::Error>,
        result: WaitTimeoutResult,
    ) -> Result<(Self, WaitTimeoutResult), Self::TimedError> {
        match guard {
            Ok(guard) => Ok((guard, result)),
            Err(LockError::OwnerDied(guard)) => Err(LockError::OwnerDied((guard, result))),
            Err(LockError::Unrecoverable) => Err(LockError::Unrecoverable),
            Err(LockError::WouldBlock) => Err(LockError::WouldBlock),
        }
    }
}

impl<P: Robust> Condvar<P> {
    /// A condition variable that nobody waits for.
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        P::made("Condvar");
        Condvar { raw: RawCondvar::new() }
    }

    /// Gives the lock up, sleeps until notified, and takes the lock again.
    ///
    /// # Errors
    /// If the mutex is poisoned by then, or its last holder died with it: the error contains
    /// the guard. If it is unrecoverable: a robust mutex that is given up with a value that
    /// nobody repaired is.
    #[track_caller]
    #[inline(always)]
    pub fn wait<G: WaitGuard<P>>(&self, guard: G) -> Result<G, G::Error> {
        guard.wait(&self.raw, None, P::Site::here()).0
    }

    /// Waits as long as `condition` holds for the protected value.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), at once, whether `condition` holds then or not.
    #[doc(alias = "wait_for")]
    #[track_caller]
    pub fn wait_while<G: WaitGuard<P>>(
        &self,
        mut guard: G,
        mut condition: impl FnMut(&mut G::Target) -> bool,
    ) -> Result<G, G::Error> {
        let site = P::Site::here();
        while condition(&mut *guard) {
            guard = guard.wait(&self.raw, None, site).0?;
        }
        Ok(guard)
    }

    /// As [`wait`](Self::wait), but not much longer than `timeout`.
    ///
    /// # Errors
    /// As [`wait`](Self::wait); the error contains guard and result.
    #[track_caller]
    pub fn wait_timeout<G: WaitGuard<P>>(
        &self,
        guard: G,
        timeout: Duration,
    ) -> Result<(G, WaitTimeoutResult), G::TimedError> {
        self.wait_at(guard, P::deadline(timeout), P::Site::here())
    }

    /// As [`wait`](Self::wait), but no longer than until `deadline` (nanoseconds on the
    /// platform's clock).
    ///
    /// # Errors
    /// As [`wait`](Self::wait); the error contains guard and result.
    #[track_caller]
    pub fn wait_until<G: WaitGuard<P>>(
        &self,
        guard: G,
        deadline: u64,
    ) -> Result<(G, WaitTimeoutResult), G::TimedError> {
        self.wait_at(guard, deadline, P::Site::here())
    }

    /// As [`wait_while`](Self::wait_while), but not much longer than `timeout`. The
    /// result says that the time was up only if `condition` still held then.
    ///
    /// # Errors
    /// As [`wait_while`](Self::wait_while); the error contains guard and result.
    #[track_caller]
    pub fn wait_timeout_while<G: WaitGuard<P>>(
        &self,
        mut guard: G,
        timeout: Duration,
        mut condition: impl FnMut(&mut G::Target) -> bool,
    ) -> Result<(G, WaitTimeoutResult), G::TimedError> {
        let (deadline, site) = (P::deadline(timeout), P::Site::here());
        let mut timed_out = WaitTimeoutResult(false);
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            if timed_out.0 {
                return Ok((guard, timed_out));
            }
            (guard, timed_out) = self.wait_at(guard, deadline, site)?;
        }
    }

    fn wait_at<G: WaitGuard<P>>(
        &self,
        guard: G,
        deadline: u64,
        site: P::Site,
    ) -> Result<(G, WaitTimeoutResult), G::TimedError> {
        let (guard, result) = guard.wait(&self.raw, Some(deadline), site);
        G::timed(guard, result)
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
}

impl<P: Robust> Default for Condvar<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Robust> fmt::Debug for Condvar<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
