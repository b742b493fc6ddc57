//! A pool of threads.
//!
//! Called by programs whose tasks need no processes: nothing is sent, so that closures may
//! capture and arguments need not be serde types.
//!
//! | state | new tasks | threads |
//! |---|---|---|
//! | open | taken | as many as asked for |
//! | closed | refused | until the last task is done |
//! | over | refused | until each has finished the task that it is at |
//!
//! 1. A task is run at most once, and its result or error arrives exactly once.
//! 2. A task may wait for others that it gives to its own pool: its thread works on them
//!    meanwhile, see `desk`.
//! 3. A thread cannot be ended from outside: [`terminate`](ThreadPool::terminate) fails what
//!    is not begun, and [`join`](ThreadPool::join) waits for the rest.
//!
//! Orderings: the locks'.
//!
//! When the process dies, its threads are gone, and the pool with them.

use super::PoolError;
use super::desk::{Desk, State};
use super::message::note_places;
use super::shelf::{ThreadCallback, ThreadResult};
use super::thread_imap::ThreadImap;
use crate::Error;
use crate::platform::{Native, Site, Tasks};
use crate::sync::Mutex;
use crate::thread::{Builder, JoinHandle};
use std::fmt;
use std::sync::{Arc, PoisonError};

/// Threads that run functions.
///
/// ```
/// let pool = selvedge::ThreadPool::new(2)?;
/// let factor = 3;
/// assert_eq!(pool.map(move |x: u32| x * factor, 0..4)?, [0, 3, 6, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A panic comes back as [`PoolError::Panicked`] with its message and its place, after the
/// program's own hook has printed it.
pub struct ThreadPool<P: Tasks = Native> {
    desk: Arc<Desk<P>>,
    threads: Mutex<Vec<JoinHandle<(), P>>, P>,
    count: usize,
    /// Where it was made.
    site: P::Site,
}

impl<P: Tasks> ThreadPool<P> {
    /// A pool of this many threads, at least 1 and at most 4096.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for another number, [`Error::Os`] if the operating system
    /// refuses to start a thread.
    #[track_caller]
    pub fn new(threads: usize) -> Result<Self, Error> {
        P::made("ThreadPool");
        if !(1..=4096).contains(&threads) {
            let given = threads.to_string();
            let allowed = "from 1 to 4096".to_owned();
            return Err(Error::InvalidArgument { what: "the number of threads", given, allowed });
        }
        note_places();
        let desk = Arc::new(Desk::new());
        let (handles, site) = (Mutex::new(Vec::with_capacity(threads)), P::Site::here());
        let pool = ThreadPool { desk, threads: handles, count: threads, site };
        for _ in 0..threads {
            let desk = Arc::clone(&pool.desk);
            let thread = Builder::<P>::new().spawn(move || desk.work())?;
            pool.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(pool)
    }

    /// Runs `function` in a thread and waits for its result.
    ///
    /// # Errors
    /// [`PoolError`].
    #[track_caller]
    pub fn apply<F, I, O>(&self, function: F, argument: I) -> Result<O, PoolError>
    where
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
    {
        self.apply_async(function, argument)?.get()
    }

    /// Has `function` run in a thread.
    ///
    /// # Errors
    /// [`PoolError::Closed`].
    #[track_caller]
    pub fn apply_async<F, I, O>(&self, function: F, argument: I) -> Result<ThreadResult<O, P>, PoolError>
    where
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
    {
        self.desk.submit(Arc::new(function), vec![vec![argument]], super::pool::only, None)
    }

    /// The result of `function` for each argument, in their order.
    ///
    /// # Errors
    /// The [`PoolError`] that came first, after all the others have arrived.
    #[track_caller]
    pub fn map<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
    ) -> Result<Vec<O>, PoolError>
    where
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
    {
        self.map_async(function, arguments, None)?.get()
    }

    /// Has `function` run for each argument, `chunk` of them at a time; `None` for about a
    /// quarter of what there is for each thread.
    ///
    /// # Errors
    /// [`PoolError::Closed`] or [`PoolError::NoChunk`].
    #[track_caller]
    pub fn map_async<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: Option<usize>,
    ) -> Result<ThreadResult<Vec<O>, P>, PoolError>
    where
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
    {
        self.map_then(function, arguments, chunk, None)
    }

    /// As [`apply_async`](Self::apply_async); `callback` is called with the result or the
    /// error once it is known, by the thread that had the task. If it panics, the hook of the
    /// program says so, and the result is there all the same.
    ///
    /// # Errors
    /// As there.
    #[doc(alias = "error_callback")]
    #[track_caller]
    pub fn apply_async_then<F, I, O>(
        &self,
        function: F,
        argument: I,
        callback: impl FnOnce(Result<&O, &PoolError>) + Send + 'static,
    ) -> Result<ThreadResult<O, P>, PoolError>
    where
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
    {
        let only = super::pool::only;
        self.desk.submit(Arc::new(function), vec![vec![argument]], only, Some(Box::new(callback)))
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
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
    {
        self.map_async(function, arguments, Some(chunk))?.get()
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
        callback: impl FnOnce(Result<&Vec<O>, &PoolError>) + Send + 'static,
    ) -> Result<ThreadResult<Vec<O>, P>, PoolError>
    where
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
    {
        self.map_then(function, arguments, chunk, Some(Box::new(callback)))
    }

    /// The results of `function` in the order of the arguments, each as soon as it is there;
    /// arguments are taken as results are asked for. `chunk` of them are one task.
    ///
    /// ```
    /// let pool = selvedge::ThreadPool::new(2)?;
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
    ) -> Result<ThreadImap<F, T::IntoIter, O, P>, PoolError>
    where
        F: Fn(T::Item) -> O + Send + Sync + 'static,
        T: IntoIterator<Item: Send + 'static>,
        O: Send + 'static,
    {
        self.check(chunk)?;
        Ok(ThreadImap::new(&self.desk, function, arguments.into_iter(), chunk, self.count, true))
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
    ) -> Result<ThreadImap<F, T::IntoIter, O, P>, PoolError>
    where
        F: Fn(T::Item) -> O + Send + Sync + 'static,
        T: IntoIterator<Item: Send + 'static>,
        O: Send + 'static,
    {
        self.check(chunk)?;
        Ok(ThreadImap::new(&self.desk, function, arguments.into_iter(), chunk, self.count, false))
    }

    #[track_caller]
    fn check(&self, chunk: usize) -> Result<(), PoolError> {
        match self.desk.is_open() {
            true if chunk == 0 => Err(PoolError::NoChunk),
            true => Ok(()),
            false => Err(PoolError::Closed),
        }
    }

    #[track_caller]
    fn map_then<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: Option<usize>,
        callback: Option<ThreadCallback<Vec<O>>>,
    ) -> Result<ThreadResult<Vec<O>, P>, PoolError>
    where
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
    {
        if chunk == Some(0) {
            return Err(PoolError::NoChunk);
        }
        let arguments: Vec<I> = arguments.into_iter().collect();
        let chunk = chunk.unwrap_or_else(|| arguments.len().div_ceil(4 * self.count).max(1));
        let mut chunks = Vec::with_capacity(arguments.len().div_ceil(chunk));
        let mut arguments = arguments.into_iter().peekable();
        while arguments.peek().is_some() {
            chunks.push(arguments.by_ref().take(chunk).collect());
        }
        self.desk.submit(Arc::new(function), chunks, super::pool::all, callback)
    }

    /// Takes no new tasks from now on; those that are out are done.
    #[track_caller]
    pub fn close(&self) {
        self.desk.close(State::Closed);
    }

    /// Takes no new tasks, and fails with [`PoolError::Terminated`] what no thread has begun.
    #[track_caller]
    pub fn terminate(&self) {
        P::on_behalf_of(P::Site::here(), || {
            for task in self.desk.close(State::Over) {
                task(false);
            }
        })
    }

    /// Waits until the threads have ended.
    ///
    /// # Errors
    /// [`PoolError::StillOpen`] before [`close`](Self::close) or
    /// [`terminate`](Self::terminate), [`PoolError::OwnThread`] in a task of the pool.
    #[track_caller]
    pub fn join(&self) -> Result<(), PoolError> {
        P::on_behalf_of(P::Site::here(), || {
            if self.desk.is_open() {
                return Err(PoolError::StillOpen);
            }
            if self.desk.is_worker() {
                return Err(PoolError::OwnThread);
            }
            // Whoever else joins meanwhile waits for this one.
            let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
            for thread in threads.drain(..) {
                // A panic of a task was caught there, and reached its result.
                drop(thread.join());
            }
            Ok(())
        })
    }
}

impl<P: Tasks> Drop for ThreadPool<P> {
    fn drop(&mut self) {
        // To wait here could be to wait for ever.
        P::on_behalf_of(self.site, || self.terminate());
    }
}

impl<P: Tasks> fmt::Debug for ThreadPool<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("threads", &self.count).finish_non_exhaustive()
    }
}
