//! Waiting until a process is truly dead, whoever its parent is.
//!
//! Called where somebody else's next action must see what the death did: only a dead
//! process has closed its files, run its robust list and released its record locks.
//! The zombie stays for its parent to reap.
//!
//! When the waited-for process dies, this returns; see waitid(2) and pidfd_open(2).

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::ptr;

/// A descriptor that becomes readable when the process dies; `None` if there is no
/// process with this number.
#[must_use]
pub fn pidfd(pid: u32) -> Option<OwnedFd> {
    open(pid).ok()
}

/// The same, or why there is none.
pub(super) fn open(pid: u32) -> Result<OwnedFd, Errno> {
    // SAFETY: pidfd_open(2) takes two numbers; what it returns is ours to close.
    unsafe {
        let fd = Errno::result(libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0))?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

/// Sleeps until the process is dead. Returns at once if there is none.
pub fn await_death(pid: u32) {
    // A child of this process can be waited for directly.
    loop {
        // SAFETY: waitid(2) takes numbers here; it reports nothing where it is given null.
        let result =
            unsafe { libc::waitid(libc::P_PID, pid, ptr::null_mut(), libc::WEXITED | libc::WNOWAIT) };
        match Errno::result(result) {
            Ok(_) => return,
            Err(Errno::EINTR) => {}
            Err(_) => break,
        }
    }
    let Some(fd) = pidfd(pid) else { return };
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    while poll(&mut fds, PollTimeout::NONE) == Err(Errno::EINTR) {}
}
