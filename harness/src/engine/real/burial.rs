//! Ending processes, and learning how they ended.
//!
//! A process counts as ended once the operating system has truly buried it; until
//! then the next step could see something else from one run to the next.

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use selvedge::sys::death::{await_death, pidfd};

/// Kills the process and waits until it is dead.
///
/// Only for processes that this engine started and that nobody has reaped yet.
pub(crate) fn kill_and_bury(pid: u32) {
    if pid == 0 {
        return;
    }
    let Some(fd) = pidfd(pid) else { return };
    // SAFETY: pidfd_send_signal(2) with no extra information; never a reused number.
    unsafe {
        use std::os::fd::AsRawFd;
        nix::libc::syscall(nix::libc::SYS_pidfd_send_signal, fd.as_raw_fd(), nix::libc::SIGKILL, 0, 0);
    }
    drop(fd);
    await_death(pid);
}

/// How the process ended (an exit code, or minus a signal), if it is dead.
pub(crate) fn status_if_dead(pid: u32) -> Option<i32> {
    if pid == 0 {
        return None;
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; what follows the last one is fixed.
    let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
    match fields.next() {
        Some("Z" | "X") => {
            // proc(5): the exit code is field 52, the state field 3.
            let status: i32 = fields.nth(48).and_then(|field| field.parse().ok()).unwrap_or(0);
            let signal = status & 0x7F;
            Some(if signal != 0 { -signal } else { status >> 8 & 0xFF })
        }
        Some(_) => None,
        None => Some(-(Signal::SIGKILL as i32)),
    }
}

/// Reaps every dead child and kills and reaps every living one: whatever a dynamic
/// program left behind and this sub-reaper inherited.
pub(crate) fn reap_all() {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => {
                // Somebody lives: end every child, then wait for one.
                for pid in children() {
                    let _ = kill(pid, Signal::SIGKILL);
                }
                let _ = waitpid(None, None);
            }
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// The children of this process.
fn children() -> Vec<Pid> {
    let me = std::process::id();
    let text = std::fs::read_to_string(format!("/proc/self/task/{me}/children")).unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw).collect()
}
