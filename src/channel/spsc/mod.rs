//! A channel for one sender and one receiver: plain, and faster than a queue.
//!
//! Called by programs, mostly through the aliases at the top of the crate: between two
//! threads, or two processes that descend from the one that made it.
//!
//! | file | what it is |
//! |---|---|
//! | `make` | [`spsc`] and [`spsc_bytes`] |
//! | `sender`, `receiver` | the two ends, typed |
//! | `link` | what an end knows: where the memory is, and whose it is |
//! | [`RawRing`](crate::raw::RawRing) | who may, who waits, who is told |
//!
//! 1. One task at a time sends, and one receives. Within a process the borrow checker sees to
//!    that; of two processes that have a copy of an end, the one that used it first has it,
//!    and the other is refused.
//! 2. An end that is dropped is closed, and the other side is told. A parent that drops what
//!    its child has now does not close it.
//!
//! **When a process dies here**, the other side is not told and waits for ever, or until its
//! deadline: this channel is not robust. What had been sent can still be received. A
//! [`Queue`](super::Queue) survives whoever uses it.

mod link;
mod make;
mod receiver;
mod sender;

pub use make::{Ends, spsc, spsc_bytes};
pub use receiver::Receiver;
pub use sender::Sender;
