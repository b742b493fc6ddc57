//! Process-shared synchronisation primitives for Linux, each written once.
//!
//! Every primitive is generic over a [`Platform`](platform::Platform): the lock
//! that ships over [`Native`](platform::Native) is the same code that the harness
//! schedules and that loom exhausts. The aliases at the top of this crate hide the
//! parameter.
//!
//! | folder | what is there |
//! |---|---|
//! | [`platform`] | the seam between a primitive and the world it runs in |
//! | [`sys`] | thin wrappers of system calls: futex, memory, process, clock |
//! | [`shm`] | memory that forked children share, and what may live in it |
//! | [`raw`] | state machines of words, no data |
//! | [`sync`] | typed wrappers and guards |
//! | [`channel`] | queues, pipes, and other descriptors that carry bytes between processes |
//! | [`signal`] | sending and handling signals |
//! | [`process`], [`thread`] | starting tasks and learning how they ended |
//! | [`pool`] | workers that are given functions to run |
//! | [`net`] | connections between processes that do not descend from each other, selectors, servers |
//! | [`manager`] | objects that a server process has, and others use through proxies |
//!
//! Dependencies point one way:
//! `sys <- platform <- shm <- raw <- sync <- channel <- signal <- process <- thread <- pool, net <- manager`.

pub mod channel;
pub mod manager;
pub mod net;
pub mod platform;
pub mod pool;
pub mod process;
pub mod raw;
pub mod shm;
pub mod signal;
pub mod sync;
pub mod sys;
pub mod thread;

mod error;
mod native;

pub use channel::{GetError, LostTasks, PutError};
pub use error::Error;
pub use native::*;
pub use pool::PoolError;
pub use process::ExitStatus;
pub use raw::BarrierError;
pub use shm::Shareable;
pub use sync::{BarrierWaitResult, LockError, WaitTimeoutResult};
