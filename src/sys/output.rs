//! Standard output at a fork and at the end of a process.
//!
//! Called by [`process`](super::process), and by whatever else ends a process without running
//! its destructors.
//!
//! 1. The handle is made by the first flush, which is that before a fork: a forked child has
//!    it. To make one there, the child would have to map more code than all the rest of its
//!    end takes.
//!
//! When a process is killed, what it has printed since the last whole line is lost.

use std::io::{self, Stdout, StdoutLock, Write};
use std::sync::OnceLock;

static OUTPUT: OnceLock<Stdout> = OnceLock::new();

/// Standard output.
#[inline]
fn output() -> &'static Stdout {
    OUTPUT.get_or_init(io::stdout)
}

/// Writes out what waits to be written. What cannot be written now could not be written later
/// either.
#[inline]
pub fn flush() {
    let mut output = output();
    let _ = output.flush();
}

/// The same, and nobody else prints while what this returns lives.
pub(super) fn flushed_and_locked() -> StdoutLock<'static> {
    let mut lock = output().lock();
    let _ = lock.flush();
    lock
}
