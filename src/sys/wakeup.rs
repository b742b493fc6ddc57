//! The wake-up descriptor: every handled signal leaves a byte there.
//!
//! Called by [`Signals::set_wakeup`](crate::signal::Signals::set_wakeup) and when a signal
//! comes. A program that sleeps in poll(2) or select(2) of its own puts the other end of a
//! pipe among what it waits for; the bytes are the numbers of the signals, in the order in
//! which they came.
//!
//! 1. The descriptor does not block: a signal never waits for a reader. What finds no room
//!    is counted instead.
//!
//! Orderings: relaxed; the number of the descriptor is all that is shared.
//!
//! When a process dies here, its descriptor is closed. A forked child has it too.

use nix::libc;
use std::io;
use std::os::fd::{AsFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI32, AtomicU64};

/// No descriptor.
const NONE: i32 = -1;

static DESCRIPTOR: AtomicI32 = AtomicI32::new(NONE);
static LOST: AtomicU64 = AtomicU64::new(0);

/// A signal came. Called while it interrupts a thread.
pub(super) fn notify(number: i32) {
    let fd = DESCRIPTOR.load(Relaxed);
    if fd != NONE {
        let byte = number as u8;
        // SAFETY: write(2) may be called in a signal handler; the byte is alive. If the
        // descriptor was taken back just now, the call is refused or a byte more than
        // wanted is written to a file that this process opened: nothing that could be
        // unsound.
        if unsafe { libc::write(fd, (&raw const byte).cast(), 1) } != 1 {
            LOST.fetch_add(1, Relaxed);
        }
    }
}

/// Sets the descriptor (`None` for none) and returns the one before.
///
/// # Errors
/// `EINVAL` if calls on it block, and what fcntl(2) refuses.
pub fn set(fd: Option<OwnedFd>) -> io::Result<Option<OwnedFd>> {
    if fd.as_ref().is_some_and(|fd| super::ready::blocks(fd.as_fd())) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the wake-up descriptor blocks; set O_NONBLOCK first: a signal must not wait for a reader",
        ));
    }
    let before = DESCRIPTOR.swap(fd.map_or(NONE, IntoRawFd::into_raw_fd), Relaxed);
    // SAFETY: it came from `into_raw_fd` above, and the swap gave it to us alone.
    Ok((before != NONE).then(|| unsafe { OwnedFd::from_raw_fd(before) }))
}

/// How many bytes found no room since the last time that this was asked.
pub fn lost() -> u64 {
    LOST.swap(0, Relaxed)
}
