//! What a process keeps of a child that it started: shared by the handle and by the
//! list of those that are not joined yet.
//!
//! Made by [`Process::start`](super::Process::start).
//!
//! 1. A child is on its parent's list from its start until somebody learns that it has
//!    ended: by a join, or by asking whether it lives.
//! 2. A child whose handle was dropped stays on the list, and is taken off it by the
//!    next start once it has ended, so that no zombie stays for longer.
//!
//! When the child dies, its record stays until it is asked for. When the parent dies,
//! the child runs on, daemon or not: only code that comes to its end can end others.

use super::ExitStatus;
use super::family;
use super::identity::{Identity, Kept};
use crate::Error;
use crate::platform::{Child as _, Site, Tasks};
use crate::sys::process::Signal;
use nix::errno::Errno;
use std::fmt;
use std::io;
use std::sync::Arc;

/// A started child.
pub(super) struct Record<P: Tasks> {
    pub(super) name: Arc<str>,
    pub(super) daemon: bool,
    pub(super) child: P::Process,
}

impl<P: Tasks> Record<P> {
    /// Puts a child that was just started on the list of its parent, and takes
    /// off it those of whom nobody wants to know any more.
    pub(super) fn enlist(self, parent: &Identity) -> Arc<Record<P>> {
        let record = Arc::new(self);
        // One handle is the list's own, the other this very look at it.
        parent.forget::<Record<P>>(|other| Arc::strong_count(other) <= 2 && other.child.has_ended());
        parent.keep(Arc::clone(&record) as Arc<dyn Kept>);
        record
    }

    /// Takes a child off the list.
    pub(super) fn strike(record: &Arc<Record<P>>) {
        family::current::<P>().forget::<Record<P>>(|other| Arc::ptr_eq(record, other));
    }

    pub(super) fn wait(
        record: &Arc<Record<P>>,
        deadline: Option<u64>,
        site: P::Site,
    ) -> Result<Option<ExitStatus>, Error> {
        let status = record.child.wait(deadline, site).map_err(Error::os("wait"));
        // An error says that nobody will ever know more.
        if !matches!(status, Ok(None)) {
            Record::strike(record);
        }
        status
    }

    pub(super) fn send(&self, signal: Signal, site: P::Site) -> Result<(), Error> {
        match self.child.signal(signal, site) {
            // Who has ended needs no more ending.
            Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => Ok(()),
            other => other.map_err(Error::os("signal")),
        }
    }
}

impl<P: Tasks> Kept for Record<P> {
    fn stop(&self) {
        if self.daemon {
            // Who cannot be ended is waited for. One that is stopped goes on, to its end; under
            // a scheduler nobody is, and it knows no such signal.
            let _ = self.send(Signal::SIGTERM, P::Site::here());
            let _ = self.send(Signal::SIGCONT, P::Site::here());
        }
    }

    fn finish(&self) {
        // An error says that there is nobody to wait for.
        let _: io::Result<_> = self.child.wait(None, P::Site::here());
    }
}

impl<P: Tasks> fmt::Debug for Record<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("name", &self.name).field("pid", &self.child.id()).finish()
    }
}
