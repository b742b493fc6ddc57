//! Where the results of threads are put, and waited for.
//!
//! Filled by `threads`, read through [`ThreadResult`].
//!
//! | state | `missing` | `error` | `taken` |
//! |---|---|---|---|
//! | running | at least 1 | the first one so far | no |
//! | finished | 0 | the first one, if any | no |
//! | taken | 0 | none | yes |
//!
//! 1. Each chunk is settled once, by whoever has its task.
//!
//! Orderings: the lock's.
//!
//! When the process dies, nobody waits any more.

use super::PoolError;
use crate::platform::{Native, Tasks};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

struct Contents<O> {
    chunks: Vec<Option<Vec<O>>>,
    missing: usize,
    error: Option<PoolError>,
    success: bool,
    taken: bool,
}

/// The results of a call, whose elements are `O`s and come to an `R`.
pub(super) struct Shelf<O, R, P: Tasks> {
    contents: Mutex<Contents<O>, P>,
    finished: Condvar<P>,
    gather: fn(Vec<O>) -> R,
}

impl<O, R, P: Tasks> Shelf<O, R, P> {
    pub(super) fn new(chunks: usize, gather: fn(Vec<O>) -> R) -> Self {
        let missing = chunks;
        let chunks = (0..chunks).map(|_| None).collect();
        let contents = Contents { chunks, missing, error: None, success: true, taken: false };
        Shelf { contents: Mutex::new(contents), finished: Condvar::new(), gather }
    }

    fn contents(&self) -> MutexGuard<'_, Contents<O>, P> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settle(&self, chunk: usize, outcome: Result<Vec<O>, PoolError>) {
        let mut contents = self.contents();
        match outcome {
            Ok(results) => contents.chunks[chunk] = Some(results),
            Err(error) => {
                contents.success = false;
                contents.error.get_or_insert(error);
            }
        }
        contents.missing -= 1;
        let last = contents.missing == 0;
        drop(contents);
        if last {
            self.finished.notify_all();
        }
    }
}

/// What a result asks of its shelf, whatever the elements are.
trait Waited<R>: Send + Sync {
    fn wait(&self, timeout: Option<Duration>) -> bool;
    fn was_successful(&self) -> bool;
    fn take(&self) -> Result<R, PoolError>;
}

impl<O: Send, R, P: Tasks> Waited<R> for Shelf<O, R, P> {
    fn wait(&self, timeout: Option<Duration>) -> bool {
        let running = |contents: &mut Contents<O>| contents.missing > 0;
        match timeout {
            None => drop(self.finished.wait_while(self.contents(), running)),
            Some(Duration::ZERO) => return self.contents().missing == 0,
            Some(timeout) => {
                let waited = self.finished.wait_timeout_while(self.contents(), timeout, running);
                return !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out();
            }
        }
        true
    }

    fn was_successful(&self) -> bool {
        self.contents().success
    }

    fn take(&self) -> Result<R, PoolError> {
        let mut contents = self.contents();
        if std::mem::replace(&mut contents.taken, true) {
            return Err(PoolError::Taken);
        }
        let (chunks, error) = (std::mem::take(&mut contents.chunks), contents.error.take());
        drop(contents);
        match error {
            Some(error) => Err(error),
            None => Ok((self.gather)(chunks.into_iter().flatten().flatten().collect())),
        }
    }
}

/// A result of type `R` of a [`ThreadPool`](super::ThreadPool) that may not have come yet.
/// Any thread may wait for it.
#[must_use = "the task is run, but nobody learns what became of it"]
pub struct ThreadResult<R, P: Tasks = Native> {
    shelf: Arc<dyn Waited<R>>,
    platform: std::marker::PhantomData<P>,
}

impl<R: 'static, P: Tasks> ThreadResult<R, P> {
    pub(super) fn new<O: Send + 'static>(shelf: Arc<Shelf<O, R, P>>) -> Self {
        ThreadResult { shelf, platform: std::marker::PhantomData }
    }

    /// Waits for the result and takes it out.
    ///
    /// # Errors
    /// [`PoolError`]: what became of the task instead; [`PoolError::Taken`] if it was taken
    /// before.
    #[track_caller]
    pub fn get(&self) -> Result<R, PoolError> {
        self.shelf.wait(None);
        self.shelf.take()
    }

    /// As [`get`](Self::get), but not for much longer than `timeout`.
    ///
    /// # Errors
    /// [`PoolError::Timeout`] if the result did not come in time; it can be got later.
    #[track_caller]
    pub fn get_timeout(&self, timeout: Duration) -> Result<R, PoolError> {
        if self.shelf.wait(Some(timeout)) { self.shelf.take() } else { Err(PoolError::Timeout) }
    }

    /// Waits for the result, and leaves it where it is.
    #[track_caller]
    pub fn wait(&self) {
        self.shelf.wait(None);
    }

    /// As [`wait`](Self::wait), but not for much longer than `timeout`; says whether it came.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.shelf.wait(Some(timeout))
    }

    /// Whether the result has come, or an error in its place.
    #[track_caller]
    #[must_use]
    pub fn ready(&self) -> bool {
        self.shelf.wait(Some(Duration::ZERO))
    }

    /// Whether the task finished without an error.
    ///
    /// # Errors
    /// [`PoolError::NotFinished`] if it is not finished.
    #[track_caller]
    pub fn successful(&self) -> Result<bool, PoolError> {
        if self.ready() { Ok(self.shelf.was_successful()) } else { Err(PoolError::NotFinished) }
    }
}

impl<R, P: Tasks> fmt::Debug for ThreadResult<R, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadResult").finish_non_exhaustive()
    }
}
