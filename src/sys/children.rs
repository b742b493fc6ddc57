//! What becomes of the children that nobody waits for, and of those whose parent is gone.
//!
//! Called by programs, as part of [`process`](crate::process). There are five ways not
//! to have zombies:
//!
//! | way | call |
//! |---|---|
//! | join each child | [`Process::join`](crate::Process::join) |
//! | wait for whoever has ended | [`try_wait`](super::wait::try_wait) |
//! | let the kernel discard them | [`set_child_policy`] |
//! | have them be somebody else's | [`double_fork`] |
//! | end before they do | they are then the [adopter's](adopt_orphans) |
//!
//! When a process dies, its children belong to the nearest ancestor that adopts orphans,
//! or to init.
//!
//! Sources: sigaction(2), prctl(2), fork(2).

use super::memory::Mapping;
use super::process;
use super::status::ExitStatus;
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::io;
use std::mem;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// What the kernel does with the children of this process that have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildPolicy {
    /// It keeps a zombie until somebody waits for it. The default.
    Keep,
    /// It forgets them at once: there are no zombies, and nobody learns how a child
    /// ended. A join waits until all children are gone and then fails with `ECHILD`.
    Discard,
}

/// Chooses what the kernel does with children of this process that end from now on.
/// Forked children choose the same.
///
/// # Errors
/// Whatever `sigaction(2)` refuses.
#[doc(alias = "SIGCHLD")]
pub fn set_child_policy(policy: ChildPolicy) -> io::Result<()> {
    let handler = match policy {
        ChildPolicy::Keep => SigHandler::SigDfl,
        ChildPolicy::Discard => SigHandler::SigIgn,
    };
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: no code of ours is installed as a handler.
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;
    Ok(())
}

/// The number of the parent of this process: that of its adopter once the parent is gone.
#[doc(alias = "getppid")]
#[must_use]
pub fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

/// Whether this process becomes the parent of its descendants whose parent dies, in
/// place of init.
///
/// # Errors
/// Whatever `prctl(2)` refuses.
#[doc(alias = "PR_SET_CHILD_SUBREAPER")]
pub fn adopt_orphans(adopt: bool) -> io::Result<()> {
    Ok(prctl::set_child_subreaper(adopt)?)
}

/// Runs `body` in a grandchild whose parent is gone: it is never this process's zombie,
/// and cannot be joined. Returns its number. It ends with the code that `body` returns.
///
/// # Errors
/// Whatever `fork(2)` refuses, in this process or in the one between.
pub fn double_fork<F: FnOnce() -> i32>(body: F) -> io::Result<u32> {
    let memory = Mapping::shared(size_of::<AtomicU32>())?;
    // SAFETY: the mapping is zeroed, aligned, and outlives this call and its copy in the
    // process between.
    let number = unsafe { &*memory.base().cast::<AtomicU32>() };
    let between = process::fork(|| match process::fork(body) {
        Ok(grandchild) => {
            number.store(grandchild.id(), Relaxed);
            mem::forget(grandchild);
            0
        }
        Err(error) => error.raw_os_error().unwrap_or(Errno::EAGAIN as i32),
    })?;
    match between.wait(None) {
        Ok(Some(ExitStatus::Code(errno))) if errno != 0 => Err(io::Error::from_raw_os_error(errno)),
        // Who discards its children learns nothing from the wait, but the number is there.
        _ if number.load(Relaxed) != 0 => Ok(number.load(Relaxed)),
        _ => Err(io::Error::other("the process between this one and its grandchild was killed")),
    }
}
