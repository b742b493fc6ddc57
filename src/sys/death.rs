//! Waiting until a process is truly dead, whoever its parent is, and asking whether a thread is.
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

/// Whether no thread of the caller's pid namespace with this number lives: there is none, or
/// only a zombie, which waits for its parent or for the other threads of its process.
#[must_use]
pub fn is_gone(thread: u32) -> bool {
    let Some(number) = i32::try_from(thread).ok().filter(|number| *number > 0) else { return true };
    // SAFETY: kill(2) takes two numbers, and sends nothing for signal 0.
    if Errno::result(unsafe { libc::kill(number, 0) }) == Err(Errno::ESRCH) {
        return true;
    }
    // Who may not look, or has no `/proc`, does not know.
    let state = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    let state = state.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    matches!(state, Some("Z" | "X"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process;

    #[test]
    fn the_living_are_told_from_zombies_and_from_nobody() {
        // SAFETY: gettid(2) has no requirements.
        let me = || unsafe { libc::gettid() }.cast_unsigned();
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            tell.send(me()).unwrap();
            let _ = ends.recv();
        });
        let other = told.recv().unwrap();
        assert!(!is_gone(me()) && !is_gone(other));
        drop(end);
        thread.join().unwrap();
        let child = process::fork(|| 0).unwrap();
        await_death(child.id());
        assert!(is_gone(child.id()), "a zombie");
        child.wait(None).unwrap();
        assert!(is_gone(child.id()) && is_gone(0) && is_gone(0x3FFF_FFFF));
    }
}
