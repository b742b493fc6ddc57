//! Where the tasks of a pool of threads wait for one of them.
//!
//! Called by `threads`, whose state it has, and by whoever waits for a result.
//!
//! 1. The lock of the line is never held while something of the program's is called.
//! 2. A thread of the pool that waits for a result, in the middle of a task, works on what is
//!    in the line meanwhile: tasks may wait for tasks that they have given out.
//!
//! Orderings: the locks'.
//!
//! When the process dies, its threads are gone, and the line with them.

use super::PoolError;
use super::message::catch;
use super::shelf::{Shelf, ThreadCallback, ThreadResult};
use crate::platform::{Owner, Site, Tasks};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

/// Called with whether it is to be run or has failed.
pub(super) type Task = Box<dyn FnOnce(bool) + Send>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Closed,
    Over,
}

struct Line {
    tasks: VecDeque<Task>,
    state: State,
}

/// Where tasks wait for a thread.
pub(super) struct Desk<P: Tasks> {
    line: Mutex<Line, P>,
    changed: Condvar<P>,
    /// The threads that work, by the numbers of their tasks on the platform. A thread only looks
    /// for its own number, so that no scheduler need know of this lock.
    workers: std::sync::Mutex<Vec<u32>>,
}

impl<P: Tasks> Desk<P> {
    pub(super) fn new() -> Self {
        let line = Mutex::new(Line { tasks: VecDeque::new(), state: State::Open });
        Desk { line, changed: Condvar::new(), workers: std::sync::Mutex::default() }
    }

    fn workers(&self) -> std::sync::MutexGuard<'_, Vec<u32>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self) -> MutexGuard<'_, Line, P> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread of the pool does.
    pub(super) fn work(&self) {
        self.workers().push(P::me().id());
        loop {
            let idle = |line: &mut Line| line.tasks.is_empty() && line.state == State::Open;
            let waited = self.changed.wait_while(self.line(), idle);
            let task = waited.unwrap_or_else(PoisonError::into_inner).tasks.pop_front();
            let Some(task) = task else { return };
            task(true);
        }
    }

    #[track_caller]
    pub(super) fn is_open(&self) -> bool {
        P::on_behalf_of(P::Site::here(), || self.line().state == State::Open)
    }

    /// Whether the calling thread is one of the pool's, in the middle of a task.
    pub(super) fn is_worker(&self) -> bool {
        self.workers().contains(&P::me().id())
    }

    /// Does, if the calling thread is one of the pool's, what is in the line until that is empty
    /// or `over`.
    pub(super) fn help(&self, over: impl Fn() -> bool) {
        if !self.is_worker() {
            return;
        }
        while !over() {
            let Some(task) = self.line().tasks.pop_front() else { return };
            task(true);
        }
    }

    /// Puts the chunks of a call in the line.
    #[track_caller]
    pub(super) fn submit<F, I, O, R>(
        self: &Arc<Self>,
        function: Arc<F>,
        chunks: Vec<Vec<I>>,
        gather: fn(Vec<O>) -> R,
        callback: Option<ThreadCallback<R>>,
    ) -> Result<ThreadResult<R, P>, PoolError>
    where
        F: Fn(I) -> O + Send + Sync + 'static,
        I: Send + 'static,
        O: Send + 'static,
        R: Send + 'static,
    {
        P::on_behalf_of(P::Site::here(), || {
            if !self.is_open() {
                return Err(PoolError::Closed);
            }
            // Of no chunks the callback is called here, and may use the pool.
            let shelf = Arc::new(Shelf::new(chunks.len(), gather, callback));
            if chunks.is_empty() {
                return Ok(ThreadResult::new(shelf, self));
            }
            let mut line = self.line();
            if line.state != State::Open {
                return Err(PoolError::Closed);
            }
            for (index, chunk) in chunks.into_iter().enumerate() {
                let (shelf, function) = (Arc::clone(&shelf), Arc::clone(&function));
                line.tasks.push_back(Box::new(move |run| {
                    let outcome = if run {
                        let results =
                            catch(|| chunk.into_iter().map(|argument| function(argument)).collect());
                        results.map_err(|(message, location)| PoolError::Panicked { message, location })
                    } else {
                        Err(PoolError::Terminated)
                    };
                    drop(function);
                    shelf.settle(index, outcome);
                }));
            }
            drop(line);
            self.changed.notify_all();
            Ok(ThreadResult::new(shelf, self))
        })
    }

    /// Takes nothing more; gives back what is not to be begun any more.
    #[track_caller]
    pub(super) fn close(&self, state: State) -> VecDeque<Task> {
        P::on_behalf_of(P::Site::here(), || {
            let mut line = self.line();
            if line.state != State::Over {
                line.state = state;
            }
            let left = if state == State::Over { std::mem::take(&mut line.tasks) } else { VecDeque::new() };
            drop(line);
            self.changed.notify_all();
            left
        })
    }
}
