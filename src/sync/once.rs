//! Something that is done once, by one of many tasks.
//!
//! Called by programs whose tasks all need something prepared, and do not know who comes
//! first.
//!
//! | state | `call_once` |
//! |---|---|
//! | not done | does it |
//! | somebody does it | waits |
//! | somebody died, or panicked, doing it | does it |
//! | done | returns |
//!
//! 1. When `call_once` has returned, it was done to the end, by exactly one task.
//! 2. It is never done by two tasks at a time, and never again once it was done.
//!
//! std's `Once` is poisoned by a panic; this one lets the next task try, as after a death.
//!
//! Orderings: what was done is seen by everybody whose call returns.
//!
//! When a process dies here, at whatever instruction, the next task does it; the state
//! table of [`RawOnce`] goes through the cases. What the dead one had begun is left
//! half-done: the work must be such that it can begin anew.

use crate::platform::{Native, Robust, Site, Tasks};
use crate::raw::{Begun, Patience, RawOnce};
use crate::shm::Shareable;
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

/// Something that is done once.
///
/// ```
/// use selvedge::{Once, Process, Shared};
///
/// let once = Shared::new(Once::new());
/// let child = Process::spawn({
///     let once = once.clone();
///     move || once.call_once(|| selvedge::exit(1)) // Dies doing it.
/// });
/// child.join()?;
/// let mut done = 0;
/// once.call_once(|| done += 1);
/// once.call_once(|| done += 1);
/// assert_eq!(done, 1);
/// # Ok::<(), selvedge::Error>(())
/// ```
#[repr(C)]
pub struct Once<P: Robust = Native> {
    raw: RawOnce<P>,
}

// SAFETY: it is its words.
unsafe impl<P: Tasks> Shareable for Once<P> {}

/// The right, and the duty, to do it: given up when dropped.
struct Turn<'a, P: Robust> {
    raw: &'a RawOnce<P>,
    site: P::Site,
}

impl<P: Robust> Drop for Turn<'_, P> {
    fn drop(&mut self) {
        self.raw.give_up(self.site);
    }
}

const NESTED: &str = "the work of a Once, OnceCell or LazyLock asks for itself";

/// Has `work` done under `raw`, if it was not done yet; false if the patience ended first.
///
/// # Errors
/// That of `work`, which then counts as not done.
///
/// # Panics
/// If the caller is inside `work` already.
pub(super) fn once<P: Robust, E>(
    raw: &RawOnce<P>,
    patience: Patience,
    site: P::Site,
    work: impl FnOnce() -> Result<(), E>,
) -> Result<bool, E> {
    match raw.begin(patience, site) {
        Begun::Done => Ok(true),
        Begun::TimedOut => Ok(false),
        Begun::Nested => panic!("{NESTED}"),
        Begun::Mine => {
            let turn = Turn { raw, site };
            work()?;
            std::mem::forget(turn);
            raw.finish(site);
            Ok(true)
        }
    }
}

impl<P: Robust> Once<P> {
    /// Something that was not done.
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        P::made("Once");
        Once { raw: RawOnce::new() }
    }

    /// Does `work`, unless it was done; waits if another task is doing it.
    ///
    /// # Panics
    /// If `work` does, or if it calls this for the same `Once`.
    #[track_caller]
    #[inline]
    pub fn call_once(&self, work: impl FnOnce()) {
        self.call(Patience::Forever, P::Site::here(), work);
    }

    /// Does `work`, unless it was done or another task is doing it; says whether it is
    /// done now.
    ///
    /// # Panics
    /// As [`call_once`](Self::call_once).
    #[track_caller]
    pub fn try_call_once(&self, work: impl FnOnce()) -> bool {
        self.call(Patience::Never, P::Site::here(), work)
    }

    /// As [`call_once`](Self::call_once), but waits not much longer than `timeout` for
    /// another task; says whether it is done now.
    ///
    /// # Panics
    /// As [`call_once`](Self::call_once).
    #[track_caller]
    pub fn call_once_timeout(&self, timeout: Duration, work: impl FnOnce()) -> bool {
        self.call(Patience::Until(P::deadline(timeout)), P::Site::here(), work)
    }

    /// Whether it was done.
    #[track_caller]
    #[inline]
    pub fn is_completed(&self) -> bool {
        self.raw.is_done(P::Site::here())
    }

    /// Waits until it was done, without doing it.
    #[track_caller]
    pub fn wait(&self) {
        self.raw.wait(P::Site::here());
    }

    /// As [`wait`](Self::wait), but not much longer than `timeout`; says whether it was
    /// done.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.raw.wait_until(P::deadline(timeout), P::Site::here())
    }

    #[inline]
    fn call(&self, patience: Patience, site: P::Site, work: impl FnOnce()) -> bool {
        let work = || {
            work();
            Ok::<(), Infallible>(())
        };
        match once(&self.raw, patience, site, work) {
            Ok(done) => done,
            Err(never) => match never {},
        }
    }
}

impl<P: Robust> Default for Once<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Robust> fmt::Debug for Once<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}
