//! What carries items and bytes from one task to another.
//!
//! Called by programs, pools and managers, mostly through the aliases at the top of the
//! crate.
//!
//! | what | is |
//! |---|---|
//! | [`queue`] | queues in shared memory, which survive whoever uses them |
//! | [`spsc`], [`Sender`], [`Receiver`] | a ring in shared memory for two tasks, plain and fast |
//! | [`pipe`], [`Connection`] | two ends of a descriptor through which whole messages go |
//! | [`wait`] | waiting for several connections, sockets and processes at a time |
//! | [`Stream`] | a pipe, socket or file whose calls are visible operations |
//!
//! When a process dies, the others go on; [`Queue`] says what is in the queue then. Of
//! descriptors the operating system closes its ends, and whoever has the other ones meets
//! the end of the file or a broken pipe.

mod connection;
mod frame;
mod given;
mod lane;
mod passed;
mod pipe;
pub mod queue;
mod sent_connection;
mod spsc;
mod stream;
#[cfg(test)]
mod tests;
mod transport;
mod wait;
pub(crate) mod wire;

pub use connection::Connection;
pub(crate) use given::giving;
pub(crate) use lane::{Answer, Lane};
pub use passed::Passed;
pub use pipe::pipe;
pub use queue::*;
pub use spsc::{Ends, Receiver, Sender, spsc, spsc_bytes};
pub use stream::Stream;
pub(crate) use transport::Kind;
pub use wait::{Source, wait};
