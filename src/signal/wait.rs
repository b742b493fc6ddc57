//! Masks, and waiting for signals.
//!
//! Called by programs. Two ways to wait: [`pause`](Signals::pause) until a handler has run,
//! or block the signals and take one with [`wait`](Signals::wait), without any handler.
//!
//! When a process dies here, its mask and what was pending go with it.

use super::Signals;
use crate::platform::{Signals as Platform, Site};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::io;
use std::time::Duration;

fn set_of(signals: impl IntoIterator<Item = Signal>) -> SigSet {
    signals.into_iter().collect()
}

impl<P: Platform> Signals<P> {
    /// Sleeps until a handler has run in this thread.
    ///
    /// # Errors
    /// Whatever sigsuspend(2) refuses.
    #[track_caller]
    pub fn pause() -> io::Result<()> {
        P::await_handler(P::Site::here())
    }

    /// Blocks signals in this thread: they are kept until they are unblocked or waited for.
    /// Returns those that were blocked before.
    ///
    /// # Errors
    /// Whatever pthread_sigmask(3) refuses.
    #[track_caller]
    pub fn block(signals: impl IntoIterator<Item = Signal>) -> io::Result<SigSet> {
        P::set_mask(SigmaskHow::SIG_BLOCK, set_of(signals), P::Site::here())
    }

    /// Takes signals again; the handlers of those that had been sent have run on return.
    /// Returns those that were blocked before.
    ///
    /// # Errors
    /// Whatever pthread_sigmask(3) refuses.
    #[track_caller]
    pub fn unblock(signals: impl IntoIterator<Item = Signal>) -> io::Result<SigSet> {
        P::set_mask(SigmaskHow::SIG_UNBLOCK, set_of(signals), P::Site::here())
    }

    /// Blocks exactly these signals in this thread; returns those that were before.
    ///
    /// # Errors
    /// Whatever pthread_sigmask(3) refuses.
    #[track_caller]
    #[doc(alias = "pthread_sigmask")]
    pub fn set_mask(blocked: SigSet) -> io::Result<SigSet> {
        P::set_mask(SigmaskHow::SIG_SETMASK, blocked, P::Site::here())
    }

    /// The signals that were sent to this thread or its process and wait, blocked.
    ///
    /// # Errors
    /// Whatever sigpending(2) refuses.
    #[track_caller]
    #[doc(alias = "sigpending")]
    pub fn pending() -> io::Result<SigSet> {
        P::pending(P::Site::here())
    }

    /// Waits for one of these signals, which this thread has blocked, and takes it; no
    /// handler runs.
    ///
    /// # Errors
    /// `InvalidInput` if there are none but SIGKILL and SIGSTOP, which nobody can wait for;
    /// whatever sigtimedwait(2) refuses.
    #[track_caller]
    #[doc(alias = "sigwait")]
    pub fn wait(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signal> {
        let set = some_of(signals)?;
        match P::wait_for(set, None, P::Site::here())? {
            Some(signal) => Ok(signal),
            None => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// The same, for at most `timeout`: `None` if it passed first. A timeout of zero asks
    /// without waiting.
    ///
    /// # Errors
    /// As for [`wait`](Signals::wait).
    #[track_caller]
    #[doc(alias = "sigtimedwait")]
    pub fn wait_timeout(
        signals: impl IntoIterator<Item = Signal>,
        timeout: Duration,
    ) -> io::Result<Option<Signal>> {
        P::wait_for(some_of(signals)?, Some(P::deadline(timeout)), P::Site::here())
    }
}

/// Blocks signals in this thread and makes a descriptor from which they can be read, to be
/// waited for beside others; see signalfd(2). Of real signals only: a scheduler sends none.
///
/// ```
/// use selvedge::signal::{Signal, descriptor};
/// let signals = descriptor([Signal::SIGUSR1])?;
/// selvedge::Signals::raise(Signal::SIGUSR1)?;
/// let received = signals.read_signal()?.expect("it blocks until there is one");
/// assert_eq!(received.ssi_signo, Signal::SIGUSR1 as u32);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Whatever signalfd(2) refuses.
#[doc(alias = "signalfd")]
pub fn descriptor(signals: impl IntoIterator<Item = Signal>) -> io::Result<SignalFd> {
    let set = some_of(signals)?;
    crate::sys::signal::set_mask(SigmaskHow::SIG_BLOCK, set)?;
    Ok(SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC)?)
}

fn some_of(signals: impl IntoIterator<Item = Signal>) -> io::Result<SigSet> {
    let set = set_of(signals);
    // No mask holds these two back, so that nobody can wait for them.
    if set.iter().all(|signal| matches!(signal, Signal::SIGKILL | Signal::SIGSTOP)) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "no signals were named that can be waited for",
        ));
    }
    Ok(set)
}
