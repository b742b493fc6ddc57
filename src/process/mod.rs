//! Processes: starting one, waiting for it, ending it.
//!
//! Called by programs. [`Process`] is the task, [`ExitStatus`] how it ended, and two
//! functions concern the calling process itself.
//!
//! When a process dies, its parent learns how from [`Process::join`]; what it held stays
//! held, as each primitive's own file says.

mod current;
mod names;
#[allow(clippy::module_inception, reason = "the folder is named for its one main type")]
mod process;

#[cfg(test)]
mod tests;

pub use crate::sys::status::ExitStatus;
pub use current::{exit, id};
#[doc(hidden)]
pub use names::restart_numbering;
pub use process::Process;
