//! Forking, and how a process ends: the calls of the one that forks, and of its child.
//!
//! Called by [`Native`](crate::platform::Native). What a parent can do with its child is
//! [`Child`].
//!
//! 1. A child leaves by `_exit`: it runs no destructor and no `atexit` handler of its
//!    parent, and no panic crosses from it into code that it shares with its parent.
//! 2. Standard output is flushed before a fork, so that what was printed before is
//!    printed once. Its lock, and that of standard error, are held across the fork if there
//!    are other threads, so that the child does not inherit a lock whose holder does not
//!    exist there.
//!
//! When a process dies here, its parent learns how from its [`Child`].
//!
//! Source: fork(2).

use super::child::Words;
use super::last_words::LastWords;
use super::output;
use super::panics;
use nix::errno::Errno;
use nix::libc;
use nix::unistd::ForkResult;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Mutex, PoisonError};

pub use super::child::Child;
pub use nix::sys::signal::Signal;

/// The exit code of a child whose body panicked; the one that a Rust `main` has.
pub const PANIC_CODE: i32 = 101;

/// Starts `body` in a forked child, which ends with the code that `body` returns, or
/// with [`PANIC_CODE`] if it panics.
///
/// What `body` owns is dropped on both sides: here when this returns, in the child when
/// `body` has used it up.
///
/// # Errors
/// Whatever `fork(2)` or `pidfd_open(2)` refuse. In the latter case the child is
/// killed again; it may have run for a moment.
pub fn fork<F: FnOnce() -> i32>(body: F) -> io::Result<Child> {
    // The child belongs to the program of its parent, and learns it by being a copy.
    let _ = super::program::Program::current();
    let words = LastWords::new();
    // Nothing of standard error waits to be written.
    output::flush();
    let locks =
        (!super::thread::is_surely_alone()).then(|| (output::flushed_and_locked(), io::stderr().lock()));
    // SAFETY: the child is a copy of this one thread. It may allocate, because the C
    // library takes its allocator's locks across a fork, and it may print, because nobody
    // else holds those locks (invariant 2). It leaves by `_exit` (invariant 1).
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Child => {
            drop(locks);
            super::signal::keep_what_lasts();
            run(body, &words)
        }
        ForkResult::Parent { child } => {
            drop(locks);
            Child::adopt(child, Words::Memory(words))
        }
    }
}

/// Runs a test in a process of its own: one that starts threads of this crate, while other
/// tests fork, which they may not beside such threads.
#[cfg(test)]
pub(crate) fn alone(test: impl FnOnce()) {
    let body = || {
        test();
        0
    };
    assert_eq!(fork(body).unwrap().wait(None).unwrap(), Some(super::status::ExitStatus::Code(0)));
}

/// What a child does: its body, and then the end.
fn run<F: FnOnce() -> i32>(body: F, words: &LastWords) -> ! {
    let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        words.write(&panics::end(payload));
        PANIC_CODE
    });
    output::flush();
    exit_now(code)
}

/// The number of the calling process.
#[inline]
#[must_use]
pub fn id() -> u32 {
    // SAFETY: getpid(2) has no requirements.
    unsafe { libc::getpid() }.cast_unsigned()
}

/// Takes the zombie of a dead child away; does nothing if there is none.
#[inline]
pub fn reap(child: u32) {
    // SAFETY: waitpid(2) takes numbers here; it reports nothing where it is given null.
    unsafe { libc::waitpid(child.cast_signed(), ptr::null_mut(), 0) };
}

/// Ends the calling process with `code` (its low eight bits), running nothing else.
#[inline]
pub fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no requirements and does not return.
    unsafe { libc::_exit(code) }
}

/// The same by the system call itself, whatever a program has in the place of `_exit`.
///
/// Source: exit_group(2).
#[inline]
pub fn exit_group(code: i32) -> ! {
    loop {
        // SAFETY: the call has no requirements and does not return.
        unsafe { libc::syscall(libc::SYS_exit_group, code) };
    }
}

/// Has `call` called when the calling process comes to its end by returning from `main`
/// or by `exit(3)`; not when it is killed or leaves by `_exit`.
///
/// # Errors
/// `ENOMEM` if there is no room for it.
pub fn at_exit(call: fn()) -> io::Result<()> {
    static CALL: Mutex<Vec<fn()>> = Mutex::new(Vec::new());
    extern "C" fn ended() {
        let calls = CALL.lock().map(|mut calls| std::mem::take(&mut *calls)).unwrap_or_default();
        for call in calls {
            // A panic must not cross into the C library.
            drop(catch_unwind(call).map_err(panics::end));
        }
    }
    let mut calls = CALL.lock().unwrap_or_else(PoisonError::into_inner);
    calls.push(call);
    // SAFETY: the function lives as long as the program, and lets no panic out.
    if calls.len() == 1 && unsafe { libc::atexit(ended) } != 0 {
        return Err(Errno::ENOMEM.into());
    }
    Ok(())
}

/// Kills the calling process with SIGKILL.
pub fn kill_self() -> ! {
    // SAFETY: the calls take numbers; the first ends the process, but perhaps not before
    // it returns.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
        loop {
            libc::pause();
        }
    }
}
