//! Queues between threads and processes, which survive whoever uses them.
//!
//! Called by programs, pools and managers, mostly through the aliases at the top of the
//! crate. They lie in shared memory.
//!
//! | type | what it is |
//! |---|---|
//! | [`Queue`] | items of any type that serde can serialise, first in, first out |
//! | [`PlainQueue`] | the same for items that are their bytes |
//! | [`LifoQueue`] | the same as [`Queue`], last in, first out |
//! | [`PriorityQueue`] | the same, the smallest first |
//! | [`JoinableQueue`] | the same as [`Queue`], and waiting until all that was put is done |
//! | [`SimpleQueue`] | the same with less to say about it |
//! | [`QueueBuilder`] | to say how many items and bytes |
//!
//! | layer | file | what it knows |
//! |---|---|---|
//! | typed | `typed`, `put`, `get`, `codec`, `key` | items |
//! | work | `tasks` | who has got what and not finished it |
//! | store | `store`; `fifo`, `ring`; `lifo`; `priority`, `blocks` | lengths, and where things lie |
//! | waiting | [`RawQueue`](crate::raw::RawQueue), [`RawMonitor`](crate::raw::RawMonitor) | who may, who waits, who is told |
//!
//! When a process dies, the others go on; [`Queue`] says what is in the queue then.

mod blocks;
mod build;
mod bytes;
mod codec;
mod error;
mod fifo;
mod get;
mod handle;
mod joinable;
mod key;
mod keyed;
mod lifo;
mod priority;
mod put;
mod ring;
mod simple;
mod store;
mod tasks;
mod typed;

pub use build::QueueBuilder;
pub(crate) use bytes::ByteQueue;
pub use codec::{Codec, Plain, Serial};
pub use error::{GetError, PutError};
pub use fifo::{Fifo, FifoStore};
pub use joinable::{JoinableQueue, LostTasks};
pub use keyed::Keyed;
pub use lifo::{Lifo, LifoQueue, LifoStore};
pub use priority::{Priority, PriorityQueue, PriorityStore};
pub use simple::SimpleQueue;
pub use store::{Item, Order, Room, Store};
pub use typed::{PlainQueue, Queue};
