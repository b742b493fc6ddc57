//! Ending processes, and learning how they ended.
//!
//! A process counts as ended once the operating system has truly buried it; until
//! then the next step could see something else from one run to the next.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;
use selvedge::sys::death::await_death;

/// Kills the process and waits until it is dead.
///
/// Only for processes that this engine started and that nobody has reaped yet: their numbers are
/// their own. No descriptor is taken for it, of which there may be none left.
pub(crate) fn kill_and_bury(pid: u32) {
    if pid == 0 {
        return;
    }
    let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
    await_death(pid);
}

/// How the process ended (an exit code, or minus a signal), if it is dead.
pub(crate) fn status_if_dead(pid: u32) -> Option<i32> {
    if pid == 0 {
        return None;
    }
    if let Ok(own) = status_of_child(pid) {
        return own;
    }
    let stat = match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat,
        Err(error) if is_nobody(&error) => String::new(),
        // Nobody can tell: there may be no descriptor left.
        Err(_) => return None,
    };
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

/// The same of a child of this process; an error if it has no such child.
fn status_of_child(pid: u32) -> nix::Result<Option<i32>> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    Ok(match waitid(Id::Pid(Pid::from_raw(pid.cast_signed())), flags)? {
        WaitStatus::Exited(_, code) => Some(code),
        WaitStatus::Signaled(_, signal, _) => Some(-(signal as i32)),
        _ => None,
    })
}

/// Whether an entry of `/proc` could not be read because its process is gone.
fn is_nobody(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::ENOENT | Errno::ESRCH))
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
