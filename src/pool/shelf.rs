//! Where the results of threads are put, and waited for.
//!
//! Filled by `threads`, read through [`ThreadResult`].
//!
//! | state | `missing` | `error` | `outcome` |
//! |---|---|---|---|
//! | running | at least 1 | the first one so far | none |
//! | finishing | 0 | none | none: the callback is at work |
//! | finished | 0 | none | the results, or the first error |
//! | taken | 0 | none | that it was taken |
//!
//! 1. Each chunk is settled once, by whoever has its task; the last one finishes.
//! 2. The callback is called once, by who finishes, while no lock is held: it may use the
//!    pool. If it panics, nothing else comes of that.
//!
//! Orderings: the lock's.
//!
//! When the process dies, nobody waits any more.

use super::PoolError;
use super::desk::Desk;
use super::message::catch;
use crate::platform::{Native, Site, Tasks};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

pub(super) type ThreadCallback<R> = Box<dyn FnOnce(Result<&R, &PoolError>) + Send>;

struct Contents<O, R> {
    chunks: Vec<Option<Vec<O>>>,
    missing: usize,
    error: Option<PoolError>,
    callback: Option<ThreadCallback<R>>,
    success: bool,
    outcome: Option<Result<R, PoolError>>,
}

/// The results of a call, whose elements are `O`s and come to an `R`.
pub(super) struct Shelf<O, R, P: Tasks> {
    contents: Mutex<Contents<O, R>, P>,
    finished: Condvar<P>,
    gather: fn(Vec<O>) -> R,
}

impl<O, R, P: Tasks> Shelf<O, R, P> {
    pub(super) fn new(chunks: usize, gather: fn(Vec<O>) -> R, callback: Option<ThreadCallback<R>>) -> Self {
        let missing = chunks;
        let chunks = (0..chunks).map(|_| None).collect();
        let contents = Contents { chunks, missing, error: None, callback, success: false, outcome: None };
        let shelf = Shelf { contents: Mutex::new(contents), finished: Condvar::new(), gather };
        if missing == 0 {
            shelf.finish(shelf.contents());
        }
        shelf
    }

    fn contents(&self) -> MutexGuard<'_, Contents<O, R>, P> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn settle(&self, chunk: usize, outcome: Result<Vec<O>, PoolError>) {
        let mut contents = self.contents();
        match outcome {
            Ok(results) => contents.chunks[chunk] = Some(results),
            Err(error) => drop(contents.error.get_or_insert(error)),
        }
        contents.missing -= 1;
        if contents.missing == 0 {
            self.finish(contents);
        }
    }

    fn finish(&self, mut contents: MutexGuard<'_, Contents<O, R>, P>) {
        let (chunks, error) = (std::mem::take(&mut contents.chunks), contents.error.take());
        let callback = contents.callback.take();
        drop(contents);
        let outcome = match error {
            Some(error) => Err(error),
            None => Ok((self.gather)(chunks.into_iter().flatten().flatten().collect())),
        };
        if let Some(callback) = callback {
            drop(catch(|| callback(outcome.as_ref())));
        }
        let mut contents = self.contents();
        contents.success = outcome.is_ok();
        contents.outcome = Some(outcome);
        drop(contents);
        self.finished.notify_all();
    }
}

/// What a result asks of its shelf, whatever the elements are.
trait Waited<R>: Send + Sync {
    fn wait(&self, timeout: Option<Duration>) -> bool;
    fn was_successful(&self) -> bool;
    fn take(&self) -> Result<R, PoolError>;
}

impl<O: Send, R: Send, P: Tasks> Waited<R> for Shelf<O, R, P> {
    fn wait(&self, timeout: Option<Duration>) -> bool {
        let running = |contents: &mut Contents<O, R>| contents.outcome.is_none();
        match timeout {
            None => drop(self.finished.wait_while(self.contents(), running)),
            Some(Duration::ZERO) => return self.contents().outcome.is_some(),
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
        self.contents().outcome.replace(Err(PoolError::Taken)).unwrap_or(Err(PoolError::NotFinished))
    }
}

/// A result of type `R` of a [`ThreadPool`](super::ThreadPool) that may not have come yet.
/// Any thread may wait for it.
#[must_use = "the task is run, but nobody learns what became of it"]
pub struct ThreadResult<R, P: Tasks = Native> {
    shelf: Arc<dyn Waited<R>>,
    desk: Arc<Desk<P>>,
}

impl<R: Send + 'static, P: Tasks> ThreadResult<R, P> {
    pub(super) fn new<O: Send + 'static>(shelf: Arc<Shelf<O, R, P>>, desk: &Arc<Desk<P>>) -> Self {
        ThreadResult { shelf, desk: Arc::clone(desk) }
    }

    /// Waits; a thread of the pool works meanwhile, until the time is up.
    #[track_caller]
    fn come(&self, timeout: Option<Duration>) -> bool {
        P::on_behalf_of(P::Site::here(), || {
            if !self.desk.is_worker() {
                return self.shelf.wait(timeout);
            }
            let deadline = timeout.map(P::deadline);
            let is_late = || deadline.is_some_and(|deadline| P::now() >= deadline);
            self.desk.help(|| self.shelf.wait(Some(Duration::ZERO)) || is_late());
            self.shelf.wait(deadline.map(|deadline| Duration::from_nanos(deadline.saturating_sub(P::now()))))
        })
    }

    /// Takes the result out.
    #[track_caller]
    fn take(&self) -> Result<R, PoolError> {
        P::on_behalf_of(P::Site::here(), || self.shelf.take())
    }

    /// Waits for the result and takes it out.
    ///
    /// # Errors
    /// [`PoolError`]: what became of the task instead; [`PoolError::Taken`] if it was taken
    /// before.
    #[track_caller]
    pub fn get(&self) -> Result<R, PoolError> {
        self.come(None);
        self.take()
    }

    /// As [`get`](Self::get), but not for much longer than `timeout`.
    ///
    /// # Errors
    /// [`PoolError::Timeout`] if the result did not come in time; it can be got later.
    #[track_caller]
    pub fn get_timeout(&self, timeout: Duration) -> Result<R, PoolError> {
        if self.come(Some(timeout)) { self.take() } else { Err(PoolError::Timeout) }
    }

    /// Waits for the result, and leaves it where it is.
    #[track_caller]
    pub fn wait(&self) {
        self.come(None);
    }

    /// As [`wait`](Self::wait), but not for much longer than `timeout`; says whether it came.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.come(Some(timeout))
    }

    /// Whether the result has come, or an error in its place.
    #[track_caller]
    #[must_use]
    pub fn ready(&self) -> bool {
        P::on_behalf_of(P::Site::here(), || self.shelf.wait(Some(Duration::ZERO)))
    }

    /// Whether the task finished without an error.
    ///
    /// # Errors
    /// [`PoolError::NotFinished`] if it is not finished.
    #[track_caller]
    pub fn successful(&self) -> Result<bool, PoolError> {
        if !self.ready() {
            return Err(PoolError::NotFinished);
        }
        Ok(P::on_behalf_of(P::Site::here(), || self.shelf.was_successful()))
    }
}

impl<R, P: Tasks> fmt::Debug for ThreadResult<R, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadResult").finish_non_exhaustive()
    }
}
