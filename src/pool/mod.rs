//! Pools: a number of workers, to whom tasks are given and from whom results come.
//!
//! Called by programs. [`Pool`] is the pool, [`AsyncResult`] a result that may not have come
//! yet, [`Imap`] results as they come, [`PoolError`] what can go wrong. [`ThreadPool`] is the
//! same with threads, [`Workers`] what both have in common.
//!
//! | file | what it knows |
//! |---|---|
//! | `pool`, `build` | what programs say to a pool |
//! | `result`, `batch`, `imap` | results: awaited, collected, one by one |
//! | `core` | who works, and what is out |
//! | `attend` | what has come back, and who has died |
//! | `worker` | what a worker does |
//! | `threads`, `desk`, `shelf`, `thread_imap` | the same for threads |
//! | `message` | what goes from one to the other |
//!
//! When a worker dies, the task that it was at fails and another worker takes its place;
//! [`Pool`] says more.

mod attend;
mod batch;
mod build;
mod core;
mod desk;
mod error;
mod imap;
mod message;
#[allow(clippy::module_inception, reason = "the folder is named for its one main type")]
mod pool;
mod result;
mod shelf;
mod thread_imap;
mod threads;
mod worker;
mod workers;

pub use build::PoolBuilder;
pub use error::PoolError;
pub use imap::{Imap, ImapUnordered};
pub use pool::Pool;
pub use result::AsyncResult;
pub use shelf::ThreadResult;
pub use thread_imap::ThreadImap;
pub use threads::ThreadPool;
pub use workers::{Pending, Sent, Workers};
