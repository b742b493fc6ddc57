//! The process group of a controller: whom it forked, and whom those forked.
//!
//! Called by the controller as it begins, and by its caller when it is over.
//!
//! A task that a program starts itself is the child of another task, which may end before it,
//! so that it cannot be told to die with its parent. The controller can: it is told when its
//! caller dies, by a signal, and takes its group with it.
//!
//! | who dies | who ends the group |
//! |---|---|
//! | the caller | the controller, in the handler of [`ORPHANED`] |
//! | the controller | the caller |
//!
//! When both die at once, tasks that the program started itself may be left, asleep.
//!
//! Source: prctl(2) on `PR_SET_PDEATHSIG`.

use nix::sys::prctl;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, killpg, raise, sigaction};
use nix::unistd::{Pid, getppid, setpgid};

/// Says that the caller is dead: a signal that nothing sends. Source: signal(7).
const ORPHANED: Signal = Signal::SIGSTKFLT;

/// Makes this process, a child of `caller`, the first of a group that ends with the thread that
/// forked it.
pub(super) fn found(caller: u32) {
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    let action = SigAction::new(SigHandler::Handler(orphaned), SaFlags::SA_ONSTACK, SigSet::empty());
    // SAFETY: the handler only calls async-signal-safe code.
    let _ = unsafe { sigaction(ORPHANED, &action) };
    let _ = prctl::set_pdeathsig(ORPHANED);
    if getppid() != Pid::from_raw(caller.cast_signed()) {
        selvedge::sys::process::exit_now(0);
    }
}

/// Ends who is left of the group of a dead controller that nobody has reaped yet.
pub(super) fn end(controller: Pid) {
    let _ = killpg(controller, Signal::SIGKILL);
}

extern "C" fn orphaned(_: nix::libc::c_int) {
    end(Pid::this());
    // A task has this handler too, and no group: it ends as it would without one.
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: restores the default action.
    let _ = unsafe { sigaction(ORPHANED, &default) };
    let _ = raise(ORPHANED);
}
