//! A pool of worker processes.
//!
//! Called by programs.
//!
//! | state | new tasks | `join` | after |
//! |---|---|---|---|
//! | open | taken | [`PoolError::StillOpen`] | [`new`](Pool::new) |
//! | closed | [`PoolError::Closed`] | waits for all that is out | [`close`](Pool::close) |
//! | over | [`PoolError::Closed`] | returns | [`terminate`](Pool::terminate), [`join`](Pool::join) |
//!
//! 1. A task is run at most once, and its result or error arrives exactly once.
//! 2. A call fails before anything of it is run if one of its arguments cannot be encoded.
//! 3. There is no thread behind a pool: results are taken, callbacks called and dead workers
//!    replaced by whoever waits for anything of the pool, in that thread. A pool belongs to
//!    the thread that made it.
//! 4. A process that is forked from that thread has a copy, which refuses everything with
//!    [`PoolError::OtherProcess`]; to close, terminate or drop it does nothing.
//! 5. Dropping a pool terminates it. One that is never dropped is ended with its process,
//!    as daemons are, without waiting for its tasks.
//!
//! Orderings: what a task did is seen by whoever has got its result.
//!
//! **When a worker dies here**, at whatever instruction, the task that it was at fails with
//! [`PoolError::WorkerLost`] as soon as somebody waits; whether it was run in part or to its
//! end nobody knows. All other tasks arrive, and another worker takes its place. One that
//! dies as it takes a task may leave it to another worker: then it is run, and counts as lost
//! all the same.
//!
//! When the pool's process dies, its workers finish their tasks and end within a second.

use super::batch::{Batch, Callback};
use super::core::{Core, State};
use super::imap::{Imap, ImapUnordered};
use super::message::{Arguments, Each};
use super::{AsyncResult, PoolBuilder, PoolError};
use crate::Error;
use crate::platform::{Io, Native, Site, Tasks};
use crate::shm::function::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

/// Worker processes that run functions.
///
/// ```
/// let pool = selvedge::Pool::new(2)?;
/// assert_eq!(pool.map(|x: u32| x * x, 0..5)?, [0, 1, 4, 9, 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The workers are forked when the pool is made, and what reaches them later is the address
/// of a function and the bytes of its argument. So a task is a function or a closure that
/// captures nothing, and gets all that it needs as its argument, of a serde type; a tuple for
/// several. One that captures does not compile:
///
/// ```compile_fail,E0080
/// let factor = 3;
/// let pool = selvedge::Pool::new(2).unwrap();
/// pool.map(move |x: u32| x * factor, 0..5).unwrap();
/// ```
///
/// Of a queue, a `Shared` and whatever else is cloned, the compiler says that it is not `Copy`.
///
/// What it was to capture can go with each argument, or, as what is shared must, be prepared in
/// each worker by an [initializer](PoolBuilder::initializer). A pointer to a function is refused
/// in the same way; a closure that calls the function is not.
///
/// A task that can fail returns a `Result`, whose error keeps its type; a panic comes back as
/// [`PoolError::Panicked`] with its message and place.
pub struct Pool<P: Tasks + Io = Native> {
    core: Rc<Core<P>>,
    /// Where it was made.
    site: P::Site,
}

impl<P: Tasks + Io> Pool<P> {
    /// A pool of this many workers.
    ///
    /// # Errors
    /// As [`PoolBuilder::build`].
    #[track_caller]
    pub fn new(workers: usize) -> Result<Self, Error> {
        Self::builder().workers(workers).build()
    }

    /// To say more about a pool before it is made.
    pub fn builder() -> PoolBuilder<P> {
        PoolBuilder::new()
    }

    #[track_caller]
    pub(super) fn of(core: Core<P>) -> Self {
        Pool { core: Rc::new(core), site: P::Site::here() }
    }

    /// Runs `function` in a worker and waits for its result.
    ///
    /// # Errors
    /// [`PoolError`].
    #[track_caller]
    pub fn apply<F, I, O>(&self, function: F, argument: I) -> Result<O, PoolError>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.apply_async(function, argument)?.get()
    }

    /// Has `function` run in a worker.
    ///
    /// # Errors
    /// [`PoolError::Closed`], or [`PoolError::Argument`]; nothing is run then.
    #[track_caller]
    pub fn apply_async<F, I, O>(&self, function: F, argument: I) -> Result<AsyncResult<O, P>, PoolError>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.submit(function, [argument], Some(1), only, None)
    }

    /// As [`apply_async`](Self::apply_async); `callback` is called with the result or the
    /// error once it is known and somebody waits for anything of the pool, by that thread.
    ///
    /// # Errors
    /// As there.
    #[doc(alias = "error_callback")]
    #[track_caller]
    pub fn apply_async_then<F, I, O>(
        &self,
        function: F,
        argument: I,
        callback: impl FnOnce(Result<&O, &PoolError>) + 'static,
    ) -> Result<AsyncResult<O, P>, PoolError>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.submit(function, [argument], Some(1), only, Some(Box::new(callback)))
    }

    /// The result of `function` for each argument, in their order, in chunks of about a
    /// quarter of what there is for each worker.
    ///
    /// # Errors
    /// The [`PoolError`] that came first, after all the others have arrived.
    #[doc(alias = "starmap")]
    #[track_caller]
    pub fn map<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
    ) -> Result<Vec<O>, PoolError>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.map_async(function, arguments, None)?.get()
    }

    /// As [`map`](Self::map), `chunk` arguments at a time: they are one task.
    ///
    /// # Errors
    /// As there, and [`PoolError::NoChunk`] if `chunk` is 0.
    #[doc(alias = "chunksize")]
    #[track_caller]
    pub fn map_chunked<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: usize,
    ) -> Result<Vec<O>, PoolError>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.map_async(function, arguments, Some(chunk))?.get()
    }

    /// Has `function` run for each argument, `chunk` of them at a time (`None` as in
    /// [`map`](Self::map)).
    ///
    /// # Errors
    /// [`PoolError::Closed`], [`PoolError::Argument`] or [`PoolError::NoChunk`]; nothing is
    /// run then.
    #[doc(alias = "starmap_async")]
    #[track_caller]
    pub fn map_async<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: Option<usize>,
    ) -> Result<AsyncResult<Vec<O>, P>, PoolError>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.submit(function, arguments, chunk, all, None)
    }

    /// As [`map_async`](Self::map_async), with a callback as in
    /// [`apply_async_then`](Self::apply_async_then), which gets all results at once.
    ///
    /// # Errors
    /// As [`map_async`](Self::map_async).
    #[track_caller]
    pub fn map_async_then<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: Option<usize>,
        callback: impl FnOnce(Result<&Vec<O>, &PoolError>) + 'static,
    ) -> Result<AsyncResult<Vec<O>, P>, PoolError>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.submit(function, arguments, chunk, all, Some(Box::new(callback)))
    }

    /// The results of `function` in the order of the arguments, each as soon as it is there;
    /// arguments are taken as results are asked for. `chunk` of them are one task.
    ///
    /// ```
    /// let pool = selvedge::Pool::new(2)?;
    /// let mut squares = pool.imap(|x: u64| x * x, 1.., 1)?;
    /// assert_eq!(squares.next(), Some(Ok(1)));
    /// assert_eq!(squares.next(), Some(Ok(4)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PoolError::Closed`] or [`PoolError::NoChunk`].
    #[track_caller]
    pub fn imap<F, T, O>(
        &self,
        function: F,
        arguments: T,
        chunk: usize,
    ) -> Result<Imap<T::IntoIter, O, P>, PoolError>
    where
        F: Fn(T::Item) -> O + Copy + 'static,
        T: IntoIterator<Item: Serialize + DeserializeOwned + 'static>,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.check(chunk)?;
        let code = Code::of(Each(function, PhantomData));
        Ok(Imap::new(Rc::clone(&self.core), code, arguments.into_iter(), chunk))
    }

    /// As [`imap`](Self::imap), in the order in which the results come.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn imap_unordered<F, T, O>(
        &self,
        function: F,
        arguments: T,
        chunk: usize,
    ) -> Result<ImapUnordered<T::IntoIter, O, P>, PoolError>
    where
        F: Fn(T::Item) -> O + Copy + 'static,
        T: IntoIterator<Item: Serialize + DeserializeOwned + 'static>,
        O: Serialize + DeserializeOwned + 'static,
    {
        Ok(self.imap(function, arguments, chunk)?.unordered())
    }

    /// Takes no new tasks from now on; those that are out are done.
    #[track_caller]
    pub fn close(&self) {
        self.core.close();
    }

    /// Ends the workers at once, with `SIGKILL`; what is out fails with
    /// [`PoolError::Terminated`].
    #[track_caller]
    pub fn terminate(&self) {
        self.core.terminate();
    }

    /// Waits until all that is out is done and the workers have ended.
    ///
    /// # Errors
    /// [`PoolError::StillOpen`] before [`close`](Self::close) or
    /// [`terminate`](Self::terminate), [`PoolError::OtherProcess`] in a forked process.
    #[track_caller]
    pub fn join(&self) -> Result<(), PoolError> {
        self.core.check_owner()?;
        match self.core.state() {
            State::Open => Err(PoolError::StillOpen),
            State::Closed => {
                self.core.join();
                Ok(())
            }
            State::Over => Ok(()),
        }
    }

    /// The numbers of the processes that are its workers.
    #[must_use]
    pub fn worker_pids(&self) -> Vec<u32> {
        self.core.pids()
    }

    fn check(&self, chunk: usize) -> Result<(), PoolError> {
        match self.core.state() {
            State::Open if chunk == 0 => Err(PoolError::NoChunk),
            State::Open => Ok(()),
            State::Closed | State::Over => Err(PoolError::Closed),
        }
    }

    #[track_caller]
    fn submit<F, I, O, R: 'static>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: Option<usize>,
        gather: fn(Vec<O>) -> R,
        callback: Option<Callback<R>>,
    ) -> Result<AsyncResult<R, P>, PoolError>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        self.check(chunk.unwrap_or(1))?;
        let arguments: Vec<I> = arguments.into_iter().collect();
        let total = arguments.len();
        let chunk = chunk.unwrap_or_else(|| total.div_ceil(4 * self.core.workers()).max(1));
        // Those that are more than numbers are dropped before they are worked on.
        let arguments = Arguments::new(arguments, chunk).map_err(|why| PoolError::Argument { why })?;
        let batch = Rc::new(Batch::new(total, chunk, gather, callback));
        let code = Code::of(Each(function, PhantomData));
        if total > 0 {
            self.core.submit(Rc::clone(&batch) as _, code, &arguments)?;
        }
        Ok(AsyncResult::new(Rc::clone(&self.core), batch))
    }
}

/// The results of a map.
pub(super) fn all<O>(elements: Vec<O>) -> Vec<O> {
    elements
}

/// The result of a single task.
pub(super) fn only<O>(mut elements: Vec<O>) -> O {
    elements.pop().expect("a batch of one element has one result")
}

impl<P: Tasks + Io> Drop for Pool<P> {
    fn drop(&mut self) {
        P::on_behalf_of(self.site, || self.core.terminate());
    }
}

impl<P: Tasks + Io> fmt::Debug for Pool<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Pool");
        text.field("workers", &self.core.workers()).field("state", &self.core.state()).finish()
    }
}
