//! Processes that are no copy of their parent: what they are told, and how they begin.
//!
//! Called by [`Process::start`](super::Process::start) in the parent, before `main` in the
//! child, and by a [server](super::fork_server) for each of its children.
//!
//! 1. The first message on the socket is a [`Letter`]: everything that a forked child
//!    would know. Afterwards the socket is for the child's [report](crate::sys::report).
//! 2. The child's code ends as that of a forked one does: its own children are seen to.
//!
//! When the child dies before it has read its letter, the parent learns of its end as of
//! any other.

use super::authkey::AuthKey;
use super::entry::Message;
use super::family;
use super::identity::Identity;
use super::method::{StartMethod, set_start_method, start_method};
use super::{entry, fork_server};
use crate::Error;
use crate::channel::{Connection, Kind, Passed};
use crate::platform::Native;
use crate::sys::process::{Child, PANIC_CODE};
use crate::sys::program::Program;
use crate::sys::{execute, output, panics, report};
use serde::{Deserialize, Serialize};
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What a child is told by its parent.
#[derive(Serialize, Deserialize)]
pub(super) struct Letter {
    pub(super) entry: String,
    name: String,
    path: Vec<u32>,
    daemon: bool,
    authkey: Vec<u8>,
    parent: (u32, String),
    method: StartMethod,
    program: Program,
    bytes: Vec<u8>,
    descriptors: Vec<Passed<OwnedFd>>,
}

impl Letter {
    pub(super) fn new(own: &Identity, message: Message) -> Letter {
        let (entry, bytes, descriptors) = message;
        Letter {
            entry: entry.to_owned(),
            name: own.name.to_string(),
            path: own.path.as_deref().unwrap_or_default().to_vec(),
            daemon: own.daemon,
            authkey: own.authkey.as_bytes().to_vec(),
            parent: own.parent.as_ref().map(|(pid, name)| (*pid, name.to_string())).unwrap_or_default(),
            method: start_method(),
            program: Program::current(),
            bytes,
            descriptors: descriptors.into_iter().map(Passed).collect(),
        }
    }

    /// In the child: becomes the process that the letter says, and calls the entry.
    pub(super) fn live(self) {
        self.try_to_live().unwrap_or_else(|error| cannot_begin(&error));
    }

    fn try_to_live(self) -> Result<(), Error> {
        self.program.join();
        let key = AuthKey::new(&self.authkey);
        let me = Identity::new(std::process::id(), self.name.into(), key);
        family::become_child(me.descended(
            (self.parent.0, self.parent.1.into()),
            (!self.path.is_empty()).then(|| self.path.into()),
            self.daemon,
        ));
        set_start_method(self.method, true)?;
        let descriptors = self.descriptors.into_iter().map(|Passed(fd)| fd).collect();
        let (entry, bytes) = (self.entry, self.bytes);
        let outcome = catch_unwind(AssertUnwindSafe(|| entry::call(&entry, &bytes, descriptors)));
        family::current::<Native>().leave(outcome.is_err());
        outcome.unwrap_or_else(|payload| resume_unwind(payload))
    }
}

/// In the parent: starts the child that `letter` tells of.
pub(super) fn start(method: StartMethod, letter: Letter) -> Result<Child, Error> {
    if method == StartMethod::ForkServer {
        return fork_server::start(letter);
    }
    let (child, socket) = execute::execute(&letter.entry).map_err(Error::os("execute"))?;
    match Connection::<Native>::new(Kind::Packets, socket, true, true).send(&letter) {
        // A child that died at once is a child that has ended.
        Ok(()) | Err(Error::BrokenPipe) => Ok(child),
        Err(error) => {
            let _ = child.signal(crate::sys::process::Signal::SIGKILL);
            let _ = child.wait(None);
            Err(error)
        }
    }
}

/// In a child that was executed, before `main`: the whole of its life.
pub(super) fn run(_: &str, socket: OwnedFd) -> i32 {
    let Ok(to_report) = socket.as_fd().try_clone_to_owned() else { return PANIC_CODE };
    let life = || {
        let mut parent = Connection::<Native>::new(Kind::Packets, socket, true, true);
        let letter: Letter = parent.recv().unwrap_or_else(|error| cannot_begin(&error));
        drop(parent);
        letter.live();
    };
    let Err(payload) = catch_unwind(AssertUnwindSafe(life)) else {
        output::flush();
        return 0;
    };
    report::tell(to_report.as_fd(), None, &panics::end(payload));
    output::flush();
    PANIC_CODE
}

/// Says why a child ends before its entry was called, to whoever reads standard error and, as
/// what a panic says, to its parent.
fn cannot_begin(error: &Error) -> ! {
    eprintln!("a process could not begin: {error}");
    resume_unwind(Box::new(error.to_string()))
}
