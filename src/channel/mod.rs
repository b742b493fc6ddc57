//! What carries bytes from one process to another.
//!
//! Called by programs. Everything here is a descriptor of the operating system behind a
//! type over [`Io`](crate::platform::Io), so that a scheduler decides when a call is made
//! and may interrupt it or cut it short.
//!
//! When a process dies here, the operating system closes its ends, and whoever has the
//! other ones meets the end of the file or a broken pipe.

mod stream;

pub use stream::Stream;
