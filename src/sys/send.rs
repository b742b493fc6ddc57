//! Sending signals to processes, by their number or descriptor, and to oneself.
//!
//! Called by [`Native`](crate::platform::Native) and by what knows a child by its pidfd. A
//! signal to oneself has been handled when the call returns.
//!
//! When the sender dies here, the signal has been sent or not.
//!
//! Sources: kill(2), pidfd_send_signal(2), raise(3).

use super::process::Signal;
use super::signal::handle_pending;
use nix::errno::Errno;
use nix::libc;
use nix::sys::signal as nix_signal;
use nix::unistd::Pid;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;

/// See [`Signals::send`](crate::platform::Signals::send).
///
/// # Errors
/// `ESRCH` if there is no such process.
pub fn send(process: u32, signal: Signal) -> io::Result<()> {
    // 0 and negative numbers are groups of processes to kill(2).
    let pid = i32::try_from(process).ok().filter(|&pid| pid > 0).ok_or(Errno::ESRCH)?;
    nix_signal::kill(Pid::from_raw(pid), signal)?;
    handle_pending();
    Ok(())
}

/// Sends a signal to the process of a pidfd.
///
/// # Errors
/// `EBADF` if it is none, `ESRCH` if the process has ended.
pub fn send_by_pidfd(pidfd: impl AsFd, signal: Signal) -> io::Result<()> {
    to_pidfd(pidfd.as_fd(), signal)?;
    handle_pending();
    Ok(())
}

/// As [`send_by_pidfd`], and no safe point.
pub(super) fn to_pidfd(pidfd: BorrowedFd<'_>, signal: Signal) -> io::Result<()> {
    let (fd, number) = (pidfd.as_raw_fd(), signal as libc::c_int);
    // SAFETY: the descriptor is open as long as it is borrowed; the null pointer asks the
    // kernel to fill in what kill(2) would.
    let result =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, number, ptr::null::<libc::siginfo_t>(), 0) };
    Errno::result(result)?;
    Ok(())
}

/// See [`Signals::raise`](crate::platform::Signals::raise).
///
/// # Errors
/// Whatever raise(3) refuses.
pub fn raise(signal: Signal) -> io::Result<()> {
    nix_signal::raise(signal)?;
    handle_pending();
    Ok(())
}

/// What the operating system says a signal is: `Terminated`.
#[must_use]
pub fn description(signal: Signal) -> String {
    // SAFETY: for a valid number glibc returns text that lives as long as the thread.
    let text = unsafe { std::ffi::CStr::from_ptr(libc::strsignal(signal as i32)) };
    text.to_string_lossy().into_owned()
}
