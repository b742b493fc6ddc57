//! A result that may not have come yet.
//!
//! Returned by the calls of a [`Pool`](super::Pool) that do not wait.
//!
//! When the worker dies that was at the task, the result is
//! [`PoolError::WorkerLost`], and whoever waits for it is told at once.

use super::PoolError;
use super::batch::{Batch, Sink};
use super::core::Core;
use crate::platform::{Io, Native, Tasks};
use serde::de::DeserializeOwned;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// A result of type `R` that may not have come yet.
///
/// ```
/// let pool = selvedge::Pool::new(2)?;
/// let answer = pool.apply_async(|(a, b): (u32, u32)| a * b, (6, 7))?;
/// answer.wait();
/// assert!(answer.ready() && answer.successful()?);
/// assert_eq!(answer.get()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the task is run, but nobody learns what became of it"]
pub struct AsyncResult<R, P: Tasks + Io = Native> {
    core: Rc<Core<P>>,
    batch: Rc<dyn Outcome<R>>,
}

/// A batch that comes to an `R`, whatever its elements are.
pub(super) trait Outcome<R>: Sink {
    fn take(&self) -> Result<R, PoolError>;
    fn was_successful(&self) -> bool;
}

impl<O: DeserializeOwned + 'static, R> Outcome<R> for Batch<O, R> {
    fn take(&self) -> Result<R, PoolError> {
        self.outcome.borrow_mut().take().unwrap_or(Err(PoolError::Taken))
    }

    fn was_successful(&self) -> bool {
        Batch::was_successful(self)
    }
}

impl<R, P: Tasks + Io> AsyncResult<R, P> {
    pub(super) fn new(core: Rc<Core<P>>, batch: Rc<dyn Outcome<R>>) -> Self {
        AsyncResult { core, batch }
    }

    /// Waits for the result and takes it out.
    ///
    /// # Errors
    /// [`PoolError`]: what became of the task instead; [`PoolError::Taken`] if it was taken
    /// before.
    #[track_caller]
    pub fn get(&self) -> Result<R, PoolError> {
        self.core.serve(self.batch_sink(), None);
        self.batch.take()
    }

    /// As [`get`](Self::get), but not for much longer than `timeout`.
    ///
    /// # Errors
    /// [`PoolError::Timeout`] if the result did not come in time; it can be got later.
    #[track_caller]
    pub fn get_timeout(&self, timeout: Duration) -> Result<R, PoolError> {
        if self.wait_timeout(timeout) { self.batch.take() } else { Err(PoolError::Timeout) }
    }

    /// Waits for the result, and leaves it where it is.
    #[track_caller]
    pub fn wait(&self) {
        self.core.serve(self.batch_sink(), None);
    }

    /// As [`wait`](Self::wait), but not for much longer than `timeout`; says whether it came.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.core.serve(self.batch_sink(), Some(Core::<P>::deadline(timeout)))
    }

    /// Whether the result has come, or an error in its place.
    #[track_caller]
    #[must_use]
    pub fn ready(&self) -> bool {
        self.wait_timeout(Duration::ZERO)
    }

    /// Whether the task finished without an error.
    ///
    /// # Errors
    /// [`PoolError::NotFinished`] if it is not finished.
    #[track_caller]
    pub fn successful(&self) -> Result<bool, PoolError> {
        if self.ready() { Ok(self.batch.was_successful()) } else { Err(PoolError::NotFinished) }
    }

    fn batch_sink(&self) -> &dyn Sink {
        &*self.batch
    }
}

impl<R, P: Tasks + Io> fmt::Debug for AsyncResult<R, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncResult").field("finished", &self.batch.is_finished()).finish_non_exhaustive()
    }
}
