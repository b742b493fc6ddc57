//! Fatal signals in a task's process: tell the controller, then die of them.
//!
//! Without this the controller would learn of the death at its next patrol only.
//! The handler hands the turn over, restores the default action and raises the signal
//! again, so that the process dies with its true status.

use crate::kernel::{Request, current};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use std::sync::atomic::Ordering;

const FATAL: [Signal; 5] = [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGILL, Signal::SIGFPE, Signal::SIGABRT];

/// Installs the handlers in this process and those it forks.
pub(super) fn watch() {
    let action = SigAction::new(SigHandler::Handler(handler), SaFlags::SA_ONSTACK, SigSet::empty());
    for signal in FATAL {
        // SAFETY: the handler only calls async-signal-safe code.
        let _ = unsafe { sigaction(signal, &action) };
    }
}

extern "C" fn handler(number: nix::libc::c_int) {
    let Ok(signal) = Signal::try_from(number) else { return };
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: restores the default action.
    let _ = unsafe { sigaction(signal, &default) };
    let kernel = current::get();
    if !kernel.is_null() {
        // SAFETY: a current kernel is alive; the faulting task holds the turn.
        let kernel = unsafe { &mut *kernel };
        kernel.note.signal = number;
        // Whoever forked this process may not have come to this yet.
        let process = kernel.task(kernel.current as usize).process as usize;
        kernel.task(process).pid.store(std::process::id(), Ordering::Relaxed);
        kernel.request = Request::Crashed;
        kernel.call_controller();
    }
    // It stays pending while this handler runs, and ends the process afterwards: a
    // signal that was sent, as by `raise`, has no instruction that would fail again.
    let _ = raise(signal);
}
