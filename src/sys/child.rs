//! A forked child as its parent sees it: waiting for it, sending it a signal.
//!
//! Made by [`fork`](super::process::fork) and by fork servers.
//!
//! | state of a [`Child`] | cached status | what the kernel holds |
//! |---|---|---|
//! | running | none | a process |
//! | ended | none | a zombie, until somebody waits |
//! | reaped | its [`ExitStatus`] | nothing; the pid may belong to somebody else |
//!
//! 1. The child is named by a pidfd and never by its pid, so that a wait or a signal
//!    cannot hit a stranger with a reused number.
//! 2. The kernel is asked for the status, and a signal is sent, only under the lock of
//!    the cached status: nobody reaps between the check and the call.
//!
//! When the child dies, [`Child`] says how. When the parent dies first, the child goes
//! on and init, or the nearest sub-reaper, inherits it.
//!
//! Sources: pidfd_open(2), waitid(2), pidfd_send_signal(2).

use super::clock;
use super::death;
use super::last_words::LastWords;
use super::process::exit_now;
use super::report::Report;
use super::send;
use super::status::ExitStatus;
use super::wait::{self, Which};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A forked child, as its parent sees it.
///
/// Dropping it kills nobody; it reaps the child if that has ended by then.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    /// None if the child was gone, unseen, before its parent could take hold of it.
    pidfd: Option<OwnedFd>,
    parent: u32,
    status: Mutex<Option<ExitStatus>>,
    words: Words,
}

/// How the parent gets to know what the child said.
#[derive(Debug)]
pub(super) enum Words {
    /// From memory that a forked child shares with its parent.
    Memory(LastWords),
    /// From a socket.
    Report(Report),
}

impl Child {
    /// A forked child that does nothing but `body`, which does not return and calls only
    /// what a child of a process of many threads may.
    pub(super) fn of_fork(report: Report, body: impl FnOnce() -> i32) -> io::Result<Child> {
        // SAFETY: by the caller's promise about `body`; nothing else is done in the child.
        match unsafe { nix::unistd::fork() }? {
            ForkResult::Child => exit_now(body()),
            ForkResult::Parent { child } => Child::adopt(child, Words::Report(report)),
        }
    }

    /// A child that a server forked, which reports how it ended.
    pub(crate) fn of_server(pid: u32, pidfd: OwnedFd, report: OwnedFd) -> Child {
        Child {
            pid: Pid::from_raw(pid.cast_signed()),
            pidfd: Some(pidfd),
            parent: std::process::id(),
            status: Mutex::new(None),
            words: Words::Report(Report::new(report, true)),
        }
    }

    /// Takes charge of a child that was just forked.
    pub(super) fn adopt(pid: Pid, words: Words) -> io::Result<Child> {
        // A child that nobody has waited for: the number still names it.
        let pidfd = match death::open(pid.as_raw().cast_unsigned()) {
            Ok(pidfd) => Some(pidfd),
            // The kernel discards children where nobody wants to hear of them.
            Err(Errno::ESRCH) => None,
            Err(errno) => {
                // Without a descriptor nobody could wait for the child: better none.
                let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
                while nix::sys::wait::waitpid(pid, None) == Err(Errno::EINTR) {}
                return Err(errno.into());
            }
        };
        Ok(Child { pid, pidfd, parent: std::process::id(), status: Mutex::new(None), words })
    }

    /// Whether somebody else waits for it.
    fn is_of_server(&self) -> bool {
        matches!(&self.words, Words::Report(report) if report.has_status)
    }

    fn pidfd(&self) -> io::Result<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd).ok_or_else(|| Errno::ECHILD.into())
    }

    /// The cached status, locked.
    fn status(&self) -> MutexGuard<'_, Option<ExitStatus>> {
        // Nothing panics under this lock.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Only the process that forked the child can wait for it. In any other the handle
    /// is a copy that came with a fork.
    fn check_parent(&self) -> io::Result<()> {
        if std::process::id() == self.parent { Ok(()) } else { Err(Errno::ECHILD.into()) }
    }

    /// Fetches the status if the child has ended, without waiting.
    fn reap(&self) -> io::Result<Option<ExitStatus>> {
        let mut status = self.status();
        if status.is_none() {
            *status = match &self.words {
                Words::Report(report) if report.has_status => {
                    // Somebody else waits for it: that it has ended is all that is seen here.
                    let ended = super::ready::is_ready(self.pidfd()?, PollFlags::POLLIN);
                    if ended { Some(report.status()?) } else { None }
                }
                _ => wait::try_wait(Which::PidFd(self.pidfd()?))?.map(|ended| ended.status),
            };
        }
        Ok(*status)
    }

    /// Sleeps until the child has ended, or a signal came, or `deadline` passed; says
    /// whether there is time left.
    fn sleep(&self, deadline: Option<u64>) -> io::Result<bool> {
        if deadline.is_none() && !self.is_of_server() {
            // Leaves the zombie: it is taken away under the lock. Somebody else may have
            // done that meanwhile, and then the status is there.
            let _ = wait::peek(Which::PidFd(self.pidfd()?));
            return Ok(true);
        }
        let left = deadline.map(|at| at.saturating_sub(clock::monotonic()));
        if left == Some(0) {
            return Ok(false);
        }
        let left = super::signal::at_most_a_nap(left);
        let mut fds = [PollFd::new(self.pidfd()?, PollFlags::POLLIN)];
        match ppoll(&mut fds, left.map(clock::timespec), None) {
            Ok(_) | Err(Errno::EINTR) => {
                super::signal::handle_pending();
                Ok(true)
            }
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Child {
    /// The pid of the child.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    /// Waits until the child has ended or `deadline` (nanoseconds on
    /// [`clock::monotonic`]) passed; `Ok(None)` if it passed. A past deadline asks
    /// without waiting.
    ///
    /// # Errors
    /// `ECHILD` if the calling process is not the one that forked the child, or whatever
    /// `waitid(2)` and `ppoll(2)` refuse.
    pub fn wait(&self, deadline: Option<u64>) -> io::Result<Option<ExitStatus>> {
        self.check_parent()?;
        if deadline.is_none() && self.status().is_none() {
            self.sleep(None)?;
        }
        loop {
            let status = self.reap()?;
            if status.is_some() || !self.sleep(deadline)? {
                return Ok(status);
            }
        }
    }

    /// Whether the child has ended, or this process can never know.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        // Who has reaped it is its parent.
        self.status().is_some() || self.check_parent().is_ok() && !matches!(self.reap(), Ok(None))
    }

    /// The pidfd: readable once the child has ended.
    ///
    /// # Errors
    /// `ECHILD` if the kernel discarded the child before it could be got hold of.
    pub fn sentinel(&self) -> io::Result<BorrowedFd<'_>> {
        self.pidfd()
    }

    /// The message of the panic that ended the child; the first kibibyte of it.
    #[must_use]
    pub fn last_words(&self) -> Option<String> {
        match &self.words {
            Words::Memory(words) => words.read(),
            Words::Report(report) => report.words(),
        }
    }

    /// Sends `signal` to the child.
    ///
    /// # Errors
    /// `ESRCH` if it has ended, or whatever else `pidfd_send_signal(2)` refuses.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        // The lock keeps the child unreaped during the call (invariant 2).
        let status = self.status();
        if status.is_some() {
            return Err(Errno::ESRCH.into());
        }
        send::to_pidfd(self.pidfd().map_err(|_| Errno::ESRCH)?, signal)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // A zombie that nobody can ask about any more helps nobody.
        let _ = self.has_ended();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::process::{PANIC_CODE, fork};
    use crate::sys::{futex, memory::Mapping};
    use nix::libc;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    fn join(child: &Child) -> ExitStatus {
        child.wait(None).unwrap().expect("without a deadline the child has ended")
    }

    #[test]
    fn a_child_ends_with_the_code_of_its_body() {
        let child = fork(|| 3).unwrap();
        assert_eq!(join(&child), ExitStatus::Code(3));
        assert_eq!(join(&child), ExitStatus::Code(3), "the status is kept");
        let error = child.signal(Signal::SIGKILL).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ESRCH));
    }

    #[test]
    fn a_panic_ends_the_child_only() {
        let child = fork(|| std::panic::resume_unwind(Box::new("no message, no hook"))).unwrap();
        assert_eq!(join(&child), ExitStatus::Code(PANIC_CODE));
    }

    #[test]
    fn a_running_child_is_seen_and_can_be_killed() {
        let child = fork(|| {
            loop {
                clock::sleep(1_000_000_000);
            }
        })
        .unwrap();
        assert_eq!(child.wait(Some(0)).unwrap(), None);
        assert_eq!(child.wait(Some(clock::monotonic() + 1_000_000)).unwrap(), None);
        child.signal(Signal::SIGKILL).unwrap();
        assert_eq!(join(&child), ExitStatus::Signal(9));
    }

    #[test]
    fn several_threads_can_wait_for_one_child() {
        let child = fork(|| 5).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(join(&child), ExitStatus::Code(5)));
            }
        });
    }

    #[test]
    fn only_the_parent_can_wait() {
        let one = fork(|| 0).unwrap();
        let two = fork(|| {
            let refused = one.wait(None).unwrap_err();
            i32::from(refused.raw_os_error() != Some(libc::ECHILD))
        })
        .unwrap();
        assert_eq!(join(&two), ExitStatus::Code(0));
        assert_eq!(join(&one), ExitStatus::Code(0));
    }

    #[test]
    fn a_word_in_shared_memory_wakes_across_processes() {
        let memory = Mapping::shared(4).unwrap();
        // SAFETY: the mapping is zeroed, aligned, and outlives both users of the word.
        let word = unsafe { &*memory.base().cast::<AtomicU32>() };
        let child = fork(|| {
            word.store(1, SeqCst);
            futex::wake(word, 1);
            0
        })
        .unwrap();
        while word.load(SeqCst) == 0 {
            futex::wait(word, 0, None);
        }
        assert_eq!(join(&child), ExitStatus::Code(0));
    }
}
