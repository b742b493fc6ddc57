//! Waiting for children by number: any, one, or those of a group; for their ends, or also
//! for their being stopped and going on.
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
use super::usage::Usage;
use nix::errno::Errno;
use nix::libc;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

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

/// What became of a child, whether it has ended or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// It has ended; its zombie is gone.
    Ended(ExitStatus),
    /// The signal with this number has stopped it.
    #[doc(alias = "WIFSTOPPED")]
    Stopped(i32),
    /// It was stopped, and goes on.
    #[doc(alias = "WIFCONTINUED")]
    Continued,
}

/// A child of which there is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// Its number.
    pub pid: u32,
    /// What became of it.
    pub becomes: Becomes,
}

/// Waits until such a child has ended, and takes its zombie away.
///
/// # Errors
/// `ECHILD` if there is no such child, also when this process
/// [discards](super::children::ChildPolicy::Discard) its children.
#[doc(alias = "waitpid")]
pub fn wait(which: Which<'_>) -> io::Result<Ended> {
    call(which, 0, None).map(|info| ended(&info).expect(BLOCKS))
}

/// As [`wait`], and tells what the child has used.
///
/// # Errors
/// As [`wait`].
#[doc(alias = "wait4")]
#[doc(alias = "wait3")]
pub fn wait_with_usage(which: Which<'_>) -> io::Result<(Ended, Usage)> {
    let mut used = Usage::nothing();
    let info = call(which, 0, Some(&mut used))?;
    Ok((ended(&info).expect(BLOCKS), Usage::from_raw(&used)))
}

/// Waits until such a child has ended, was stopped, or goes on after that, and tells each of
/// these once: the latest, where several have come since the last time.
///
/// ```
/// use selvedge::process::{Becomes, News, Which, wait_news};
/// use selvedge::sys::process::{Signal, fork};
/// use selvedge::{Event, Shared};
///
/// // What is over by the time one looks is not told: it ends when that was seen.
/// let seen = Shared::new(Event::new());
/// let child = fork(|| {
///     nix::sys::signal::raise(Signal::SIGSTOP).expect("anybody may stop himself");
///     seen.wait();
///     3
/// })?;
/// let of_child = || wait_news(Which::Pid(child.id())).map(|news| news.becomes);
/// assert_eq!(of_child()?, Becomes::Stopped(Signal::SIGSTOP as i32));
/// child.signal(Signal::SIGCONT)?;
/// assert_eq!(of_child()?, Becomes::Continued);
/// seen.set();
/// assert!(matches!(of_child()?, Becomes::Ended(status) if status.code() == Some(3)));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As [`wait`].
#[doc(alias = "WUNTRACED")]
#[doc(alias = "WCONTINUED")]
pub fn wait_news(which: Which<'_>) -> io::Result<News> {
    call(which, NEWS, None).map(|info| news(&info).expect(BLOCKS))
}

/// As [`wait_news`], but does not wait: `None` if such children exist and there is nothing new
/// of them.
///
/// # Errors
/// As [`wait`].
pub fn try_wait_news(which: Which<'_>) -> io::Result<Option<News>> {
    call(which, NEWS | libc::WNOHANG, None).map(|info| news(&info))
}

/// As [`wait`], but does not wait: `None` if such children exist and all of them run.
///
/// # Errors
/// As [`wait`].
#[doc(alias = "WNOHANG")]
pub fn try_wait(which: Which<'_>) -> io::Result<Option<Ended>> {
    call(which, libc::WNOHANG, None).map(|info| ended(&info))
}

/// As [`wait`], but leaves the zombie.
///
/// # Errors
/// As [`wait`].
#[doc(alias = "WNOWAIT")]
pub fn peek(which: Which<'_>) -> io::Result<Ended> {
    call(which, libc::WNOWAIT, None).map(|info| ended(&info).expect(BLOCKS))
}

const BLOCKS: &str = "a wait that blocks ends with a child";
const NEWS: libc::c_int = libc::WSTOPPED | libc::WCONTINUED;

/// waitid(2), always also for ends. The system call writes what a child has used where it is
/// told to, which the function of the C library leaves out.
fn call(
    which: Which<'_>,
    options: libc::c_int,
    used: Option<&mut libc::rusage>,
) -> io::Result<libc::siginfo_t> {
    let (kind, id) = match which {
        Which::Any => (libc::P_ALL, 0),
        Which::Pid(pid) => (libc::P_PID, pid),
        Which::Group(group) => (libc::P_PGID, group),
        Which::PidFd(fd) => (libc::P_PIDFD, fd.as_raw_fd().cast_unsigned()),
    };
    // SAFETY: all zeroes is a valid siginfo_t: it is made of integers, and pointers that
    // may be null.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    let used = used.map_or(ptr::null_mut(), ptr::from_mut);
    loop {
        let options = libc::WEXITED | options;
        // SAFETY: `info` is valid for writes, `used` too or null; a descriptor is open during
        // the call.
        let result = unsafe { libc::syscall(libc::SYS_waitid, kind, id, &raw mut info, options, used) };
        match Errno::result(result) {
            Ok(_) => return Ok(info),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// What became of a child; `None` if waitid found none of which there is news.
fn news(info: &libc::siginfo_t) -> Option<News> {
    // SAFETY: waitid fills in the fields of a SIGCHLD, and if there is no news of a child it
    // leaves the zeroes that were there before.
    let (pid, number) = unsafe { (info.si_pid(), info.si_status()) };
    let becomes = match (pid, info.si_code) {
        (0, _) => return None,
        (_, libc::CLD_EXITED) => Becomes::Ended(ExitStatus::Code(number)),
        (_, libc::CLD_STOPPED | libc::CLD_TRAPPED) => Becomes::Stopped(number),
        (_, libc::CLD_CONTINUED) => Becomes::Continued,
        _ => Becomes::Ended(ExitStatus::Signal(number)),
    };
    Some(News { pid: pid.cast_unsigned(), becomes })
}

/// How a child ended; `None` if none has.
fn ended(info: &libc::siginfo_t) -> Option<Ended> {
    match news(info)? {
        News { pid, becomes: Becomes::Ended(status) } => Some(Ended { pid, status }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::process::{Signal, fork};
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_a_child_has_used_comes_with_its_end() {
        let wants = Duration::from_millis(20);
        let child = fork(move || {
            let touched = std::hint::black_box(vec![1_u8; 64 << 20]);
            while Usage::of_this_process().user + Usage::of_this_process().system < wants {
                std::hint::black_box(&touched);
            }
            5
        })
        .unwrap();
        let (ended, used) = wait_with_usage(Which::Pid(child.id())).unwrap();
        assert_eq!((ended.pid, ended.status), (child.id(), ExitStatus::Code(5)));
        assert!(used.user + used.system >= wants, "{used:?}");
        assert!(used.most_resident >= 64 << 20, "{used:?}");
        assert!(Usage::of_children().user + Usage::of_children().system >= wants);
        assert_eq!(wait_with_usage(Which::Pid(child.id())).unwrap_err().raw_os_error(), Some(libc::ECHILD));
    }

    #[test]
    fn news_is_told_once() {
        let child = fork(|| {
            loop {
                nix::unistd::pause();
            }
        })
        .unwrap();
        let (which, pid) = (Which::Pid(child.id()), child.id());
        assert_eq!(try_wait_news(which).unwrap(), None);
        child.signal(Signal::SIGSTOP).unwrap();
        let stopped = News { pid, becomes: Becomes::Stopped(Signal::SIGSTOP as i32) };
        assert_eq!(wait_news(which).unwrap(), stopped);
        assert_eq!((try_wait_news(which).unwrap(), try_wait(which).unwrap()), (None, None));
        child.signal(Signal::SIGCONT).unwrap();
        assert_eq!(wait_news(which).unwrap().becomes, Becomes::Continued);
        child.signal(Signal::SIGKILL).unwrap();
        assert_eq!(wait_news(which).unwrap().becomes, Becomes::Ended(ExitStatus::Signal(9)));
        assert_eq!(try_wait_news(which).unwrap_err().raw_os_error(), Some(libc::ECHILD));
    }
}
