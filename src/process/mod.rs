//! Processes: starting one, waiting for it, ending it.
//!
//! Called by programs. [`Process`] is the task, [`ExitStatus`] how it ended, [`current`]
//! the calling process itself, and [`active_children`] those it has to answer for.
//!
//! When a process dies, its parent learns how from [`Process::join`]; what it held stays
//! held, as each primitive's own file says.

mod authkey;
mod child;
mod current;
pub(crate) mod end;
mod entry;
mod executed;
pub(crate) mod family;
mod fork_server;
pub(crate) mod identity;
mod method;
#[allow(clippy::module_inception, reason = "the folder is named for its one main type")]
mod process;
mod run;
mod start;
mod state;
mod threads;

#[cfg(test)]
mod tests;

pub use crate::sys::children::{ChildPolicy, adopt_orphans, double_fork, parent_id, set_child_policy};
pub use crate::sys::scheduling;
pub use crate::sys::status::ExitStatus;
pub use crate::sys::usage::Usage;
pub use crate::sys::wait::{
    Becomes, Ended, News, Which, peek, try_wait, try_wait_news, wait, wait_news, wait_with_usage,
};
pub use authkey::AuthKey;
pub use current::{Current, Parent, active_children, at_exit, cpu_count, current, exit, id};
pub use entry::Entry;
#[doc(hidden)]
pub use family::{Passport, passport, restart_numbering};
pub use method::{StartMethod, set_start_method, start_method};
pub use process::Process;
pub use run::Run;
pub use state::{State, state};
pub use threads::allow_fork_with_threads;
