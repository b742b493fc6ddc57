//! Why there is no result.
//!
//! Returned by everything that a pool is asked for.
//!
//! When a worker dies, [`PoolError::WorkerLost`] says so of its task.

/// Why a pool has no result to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The task panicked; its worker goes on.
    #[error("the task panicked{}: {message}", at(location))]
    Panicked {
        /// What the panic said.
        message: String,
        /// File, line and column; empty in an exploration, where the report of it has them, and
        /// in a pool of threads after which the program has set a hook of its own.
        location: String,
    },
    /// The worker that was at the task died, so that the task was done in part at most.
    #[error("the task was lost: its worker, process {pid}, ended: {end}")]
    WorkerLost {
        /// The number of the process.
        pid: u32,
        /// How it ended.
        end: String,
    },
    /// A worker cannot get ready, so that nothing is run any more.
    #[error("no worker gets ready: {why}")]
    NotReady {
        /// What the initializer said as it panicked, or what the operating system refused.
        why: String,
    },
    /// An argument cannot be sent to a worker; nothing of the call was run.
    #[error("the argument cannot be sent to a worker: {why}")]
    Argument {
        /// What its `Serialize`, or the queue, had against it.
        why: String,
    },
    /// The task was run, but its result cannot be sent back.
    #[error("the result cannot be sent back: {why}")]
    Result {
        /// What its `Serialize` or `Deserialize`, or the queue, had against it.
        why: String,
    },
    /// There was no result yet when the time was up. The task goes on.
    #[error("the result has not come in time")]
    Timeout,
    /// There is no result yet.
    #[error("the task is not finished; wait for it first")]
    NotFinished,
    /// The result was taken out before.
    #[error("the result was taken already; it can be got once")]
    Taken,
    /// The pool was closed before, and takes no new tasks.
    #[error("the pool is closed and takes no new tasks")]
    Closed,
    /// The pool was terminated before the task was finished, or dropped.
    #[error("the pool was terminated; its unfinished tasks are lost")]
    Terminated,
    /// A pool that takes tasks was to be joined, which could take for ever.
    #[error("the pool still takes tasks; close or terminate it before the join")]
    StillOpen,
    /// A process that was forked since then has a copy of the pool, which can do nothing; the
    /// pool is as it was.
    #[error("the pool belongs to process {owner}; a process that was forked from that makes its own")]
    OtherProcess {
        /// The number of the process that made the pool.
        owner: u32,
    },
    /// A task of the pool was to wait for the end of the thread that it runs in.
    #[error("a task cannot wait for the end of its own pool; whoever made the pool joins it")]
    OwnThread,
    /// A chunk was to have no elements.
    #[error("the size of a chunk is 0, but must be at least 1")]
    NoChunk,
}

/// A place in words, if it is known.
fn at(location: &str) -> String {
    if location.is_empty() { String::new() } else { format!(" at {location}") }
}
