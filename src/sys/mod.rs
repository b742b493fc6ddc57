//! Thin wrappers of system calls, one file for one kind of kernel object.
//!
//! Called by [`Native`](crate::platform::Native), `packet` also by `thread`. They
//! add what every caller would otherwise repeat (restarting after `EINTR`, absolute
//! deadlines, flushing before a fork) and keep the errno. Nothing here uses another
//! folder.
//!
//! When a process dies here, the kernel cleans up: mappings, descriptors and futex
//! queues go with it.

mod child;
pub mod children;
pub mod clock;
pub mod death;
pub(crate) mod execute;
pub mod futex;
mod last_words;
mod mapped;
pub mod membarrier;
pub mod memory;
pub mod not_inherited;
pub mod object;
pub mod ofd;
pub mod output;
pub(crate) mod own_id;
pub(crate) mod packet;
pub(crate) mod panics;
pub(crate) mod prefetch;
pub mod process;
pub mod program;
pub mod random;
pub mod ready;
pub(crate) mod report;
pub mod robust;
pub mod scheduling;
pub mod scoped;
pub mod send;
pub(crate) mod set_once;
pub mod signal;
pub(crate) mod socket;
mod spare;
pub mod status;
pub mod thread;
pub mod timer;
pub mod usage;
pub mod wait;
pub mod wakeup;
