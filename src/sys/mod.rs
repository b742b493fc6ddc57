//! Thin wrappers of system calls, one file for one kind of kernel object.
//!
//! Called by [`Native`](crate::platform::Native) and by nobody else in this crate. They
//! add what every caller would otherwise repeat (restarting after `EINTR`, absolute
//! deadlines, flushing before a fork) and keep the errno. Nothing here uses another
//! folder.
//!
//! When a process dies here, the kernel cleans up: mappings, descriptors and futex
//! queues go with it.

pub mod clock;
pub mod death;
pub mod futex;
pub mod memory;
pub mod process;
pub mod status;
pub mod thread;
