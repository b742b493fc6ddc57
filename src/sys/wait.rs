//! Waiting for children by number: any, one, or those of a group.
//!
//! Called by programs that fork for themselves or want to see a zombie before it goes,
//! and by [`process`](super::process). A child that a [`Process`](crate::Process)
//! stands for is better joined: whoever waits for it here takes its status away from it.
//!
//! When the child dies, this tells how. When nobody waits, a zombie keeps its number
//! and its status.
//!
//! Source: waitid(2).

use super::status::ExitStatus;
use nix::errno::Errno;
use nix::libc;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Which children.
#[derive(Clone, Copy, Debug)]
pub enum Which<'fd> {
    /// Any child.
    Any,
    /// The one with this number.
    Pid(u32),
    /// Any of this process group.
    Group(u32),
    /// The one with this pidfd.
    PidFd(BorrowedFd<'fd>),
}

/// A child that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its number.
    pub pid: u32,
    /// How it ended.
    pub status: ExitStatus,
}

/// Waits until such a child has ended, and takes its zombie away.
///
/// # Errors
/// `ECHILD` if there is no such child, also when this process
/// [discards](super::children::ChildPolicy::Discard) its children.
#[doc(alias = "waitpid")]
pub fn wait(which: Which<'_>) -> io::Result<Ended> {
    call(which, 0).map(|ended| ended.expect("a wait that blocks ends with a child"))
}

/// As [`wait`], but does not wait: `None` if such children exist and all of them run.
///
/// # Errors
/// As [`wait`].
#[doc(alias = "WNOHANG")]
pub fn try_wait(which: Which<'_>) -> io::Result<Option<Ended>> {
    call(which, libc::WNOHANG)
}

/// As [`wait`], but leaves the zombie.
///
/// # Errors
/// As [`wait`].
#[doc(alias = "WNOWAIT")]
pub fn peek(which: Which<'_>) -> io::Result<Ended> {
    call(which, libc::WNOWAIT).map(|ended| ended.expect("a wait that blocks ends with a child"))
}

fn call(which: Which<'_>, options: libc::c_int) -> io::Result<Option<Ended>> {
    let (kind, id) = match which {
        Which::Any => (libc::P_ALL, 0),
        Which::Pid(pid) => (libc::P_PID, pid),
        Which::Group(group) => (libc::P_PGID, group),
        Which::PidFd(fd) => (libc::P_PIDFD, fd.as_raw_fd().cast_unsigned()),
    };
    // SAFETY: all zeroes is a valid siginfo_t: it is made of integers, and pointers that
    // may be null.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    loop {
        // SAFETY: `info` is valid for writes; a descriptor is open during the call.
        let result = unsafe { libc::waitid(kind, id, &raw mut info, libc::WEXITED | options) };
        match Errno::result(result) {
            Ok(_) => return Ok(ended(&info)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// How a child ended; `None` if waitid found none that has.
fn ended(info: &libc::siginfo_t) -> Option<Ended> {
    // SAFETY: waitid fills in the fields of a SIGCHLD, and if no child has ended it
    // leaves the zeroes that were there before.
    let (pid, number) = unsafe { (info.si_pid(), info.si_status()) };
    let status = match (pid, info.si_code) {
        (0, _) => return None,
        (_, libc::CLD_EXITED) => ExitStatus::Code(number),
        _ => ExitStatus::Signal(number),
    };
    Some(Ended { pid: pid.cast_unsigned(), status })
}
