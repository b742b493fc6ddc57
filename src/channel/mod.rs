//! What carries items and bytes from one task to another.
//!
//! Called by programs, and by pools and managers, mostly through the aliases at the top
//! of the crate.
//!
//! | type | what it is |
//! |---|---|
//! | [`Queue`] | items of any type that serde can serialise, first in, first out |
//! | [`PlainQueue`] | the same for items that are their bytes |
//! | [`QueueBuilder`] | to say how many items and bytes |
//! | [`Stream`] | a descriptor of the operating system whose calls are visible operations |
//!
//! | layer of a queue | file | what it knows |
//! |---|---|---|
//! | typed | `queue`, `codec` | items |
//! | store | `store`, `fifo`, `ring` | lengths, and where things lie |
//! | ends | [`RawQueue`](crate::raw::RawQueue) | who may, who waits, who is told |
//!
//! When a process dies, the others go on; [`Queue`] says what is in the queue then. Of
//! descriptors the operating system closes its ends, and whoever has the other ones meets
//! the end of the file or a broken pipe.

mod build;
mod codec;
mod connection;
mod error;
mod fifo;
mod frame;
mod passed;
mod pipe;
mod queue;
mod ring;
mod sent_connection;
mod store;
mod stream;
mod transport;
mod wait;
pub(crate) mod wire;

pub use build::QueueBuilder;
pub use codec::{Codec, Plain, Serial};
pub use connection::Connection;
pub use error::{GetError, PutError};
pub use fifo::{Fifo, FifoStore};
pub use passed::Passed;
pub use pipe::pipe;
pub use queue::{PlainQueue, Queue};
pub use store::{Item, Order, Room, Store};
pub use stream::Stream;
pub(crate) use transport::Kind;
pub use wait::{Source, wait};
