//! The calling process: who it is, and its end.
//!
//! Called by programs, in a child mostly.
//!
//! When a process ends here, it runs none of its destructors: locks that it holds stay
//! taken, as after a kill.

use super::Process;
use super::authkey::AuthKey;
use super::child::Record;
use super::end;
use super::family;
use super::identity::Identity;
use crate::Error;
use crate::platform::Tasks;
use std::sync::Arc;

/// The number of the calling process: its pid, or a logical number under a scheduler.
#[doc(alias = "getpid")]
#[must_use]
pub fn id<P: Tasks>() -> u32 {
    P::process_id()
}

/// Ends the calling process with `code` (its low eight bits), after flushing standard
/// output and without running anything else.
#[doc(alias = "_exit")]
pub fn exit<P: Tasks>(code: i32) -> ! {
    crate::sys::output::flush();
    P::exit(code)
}

/// Who the calling process is.
///
/// ```
/// use selvedge::platform::Native;
/// use selvedge::process;
///
/// let me = process::current::<Native>();
/// assert_eq!((me.name(), me.pid()), ("MainProcess", std::process::id()));
/// assert!(!me.is_daemon() && me.parent().is_none());
/// ```
#[doc(alias = "current_process")]
#[must_use]
pub fn current<P: Tasks>() -> Current {
    Current(family::current::<P>())
}

/// The calling process, as it knows itself.
#[derive(Clone, Debug)]
pub struct Current(Arc<Identity>);

/// The parent of the calling process, as it was when it started it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

impl Current {
    /// Its name: `MainProcess` for one that nobody of ours started.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its number.
    #[doc(alias = "ident")]
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Whether it ends with its parent.
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.0.daemon
    }

    /// The secret that it shares with its family.
    #[must_use]
    pub fn authkey(&self) -> &AuthKey {
        &self.0.authkey
    }

    /// Who started it; none for the main process.
    #[doc(alias = "parent_process")]
    #[must_use]
    pub fn parent(&self) -> Option<Parent> {
        self.0.parent.as_ref().map(|(pid, name)| Parent { pid: *pid, name: name.to_string() })
    }
}

/// The children of the calling process that were started and have not ended, in the
/// order of their starts. Asking takes those that have ended off the list, and their
/// zombies with them.
#[track_caller]
#[must_use]
pub fn active_children<P: Tasks>() -> Vec<Process<P>> {
    let site = <P::Site as crate::platform::Site>::here();
    let mut records = family::current::<P>().all::<Record<P>>();
    records.retain(|record| matches!(Record::wait(record, Some(0), site), Ok(None)));
    records.into_iter().map(Process::of_record).collect()
}

/// Has `callback` called when the code of the calling process has come to its end, before
/// its daemons are ended and its other children and threads are waited for. The last
/// registered is called first. After a panic, a kill or [`exit`] none is called; in the
/// main process `std::process::exit` is such an end too.
///
/// # Errors
/// [`Error::TooLate`] once the end has come.
#[doc(alias = "atexit")]
pub fn at_exit<P: Tasks>(callback: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    end::arrange::<P>();
    let registered = family::current::<P>().at_exit(Box::new(callback));
    if registered { Ok(()) } else { Err(Error::TooLate) }
}

/// How many tasks can run at the same time on this machine, as far as this process may
/// use it: at least 1.
#[must_use]
pub fn cpu_count() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
