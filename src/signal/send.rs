//! Sending signals: to processes by their number or descriptor, and to oneself.
//!
//! Called by programs. A handle on a child ([`Process`](crate::process::Process)) can send
//! too, and cannot meet another process that got the child's number.
//!
//! When the sender dies here, the signal has been sent or not.

use super::Signals;
use crate::platform::{Signals as Platform, Site};
use crate::sys;
use nix::sys::signal::Signal;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

impl<P: Platform> Signals<P> {
    /// Sends a signal to the process with this number, which is never a group.
    ///
    /// # Errors
    /// `ESRCH` if there is none; `EPERM` if it is not the caller's to signal.
    #[track_caller]
    #[doc(alias = "kill")]
    pub fn send(process: u32, signal: Signal) -> io::Result<()> {
        P::send(process, signal, P::Site::here())
    }

    /// Sends a signal to the calling thread; its handler has run when this returns.
    ///
    /// # Errors
    /// Whatever raise(3) refuses.
    #[track_caller]
    #[doc(alias = "raise_signal")]
    pub fn raise(signal: Signal) -> io::Result<()> {
        P::raise(signal, P::Site::here())
    }
}

/// A descriptor of the process with this number: it stays the same process's, whoever gets
/// the number later.
///
/// # Errors
/// `ESRCH` if there is none.
pub fn pidfd(process: u32) -> io::Result<OwnedFd> {
    sys::death::pidfd(process).ok_or_else(io::Error::last_os_error)
}

/// Sends a signal to the process of a [`pidfd`].
///
/// # Errors
/// `EBADF` if the descriptor is none; `ESRCH` if the process has ended.
#[doc(alias = "pidfd_send_signal")]
pub fn send_by_pidfd(pidfd: impl AsFd, signal: Signal) -> io::Result<()> {
    sys::send::send_by_pidfd(pidfd, signal)
}
