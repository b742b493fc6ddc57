//! Fatal signals of fibers: SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT in a task's
//! code end that task, not the test binary.
//!
//! The handler redirects the interrupted fiber to a return from its coroutine; its
//! stack is lost. Signals of any other code go to the handler that was there before.
//!
//! When a process dies here, it was not a fiber's fault, and it dies as always.

use super::{Sim, exit};
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::cell::Cell;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const FATAL: [Signal; 5] = [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGILL, Signal::SIGFPE, Signal::SIGABRT];

thread_local! {
    static ENGINE: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// The process that first watched.
static OWNER: AtomicU32 = AtomicU32::new(0);

static BEFORE: OnceLock<Vec<(Signal, SigAction)>> = OnceLock::new();

/// The engine of this thread, no longer watched; null if it has none.
pub(super) fn disarm() -> *const Sim<'static> {
    ENGINE.replace(ptr::null()).cast()
}

/// Whether this thread runs an engine, and the process is not one that a task forked.
pub(super) fn is_here() -> bool {
    !ENGINE.get().is_null() && OWNER.load(Ordering::Relaxed) == std::process::id()
}

/// While it lives, fatal signals of this thread's fibers are caught.
pub(super) struct Watch(*const ());

impl Watch {
    pub(super) fn begin(engine: *const Sim<'_>) -> Watch {
        BEFORE.get_or_init(|| {
            exit::watch();
            OWNER.store(std::process::id(), Ordering::Relaxed);
            let flags = SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK;
            let action = SigAction::new(SigHandler::SigAction(handler), flags, SigSet::empty());
            // SAFETY: the handler only calls async-signal-safe code.
            FATAL
                .iter()
                .filter_map(|&signal| Some((signal, unsafe { sigaction(signal, &action) }.ok()?)))
                .collect()
        });
        Watch(ENGINE.replace(engine.cast()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        ENGINE.set(self.0);
    }
}

/// Ends the running fiber if it is lost; `context` is that of the watchdog's signal.
pub(crate) fn end_lost_fiber(context: *mut libc::c_void) {
    let engine = ENGINE.get().cast::<Sim<'static>>();
    if engine.is_null() {
        return;
    }
    // SAFETY: as in `handler`; the pulse is only touched here and between executions.
    unsafe {
        let kernel = (*engine).arena.kernel();
        if (*(*engine).pulse.get()).is_lost((*kernel).steps) {
            redirect(engine, 0, context.cast());
        }
    }
}

extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let engine = ENGINE.get().cast::<Sim<'static>>();
    // SAFETY: the kernel passes a valid context; the engine pointer is valid while
    // its watch lives, and the signal interrupted this very thread.
    let caught = !engine.is_null() && unsafe { redirect(engine, signal, context.cast()) };
    if !caught {
        pass_on(signal, info, context);
    }
}

#[cfg(target_arch = "x86_64")]
unsafe fn redirect(engine: *const Sim<'static>, signal: i32, context: *mut libc::ucontext_t) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let registers = &mut (*context).uc_mcontext.gregs;
        let kernel = (*engine).arena.kernel();
        let engine = &*engine;
        let Some(fiber) = engine.fibers.get((*kernel).current as usize) else { return false };
        let trap = fiber.trap();
        if !trap.stack_ptr_in_bounds(registers[libc::REG_RSP as usize] as usize) {
            return false;
        }
        (*kernel).note.signal = signal;
        let to = trap.setup_trap_handler(|| ());
        registers[libc::REG_RIP as usize] = to.rip as i64;
        registers[libc::REG_RSP as usize] = to.rsp as i64;
        registers[libc::REG_RBP as usize] = to.rbp as i64;
        registers[libc::REG_RDI as usize] = to.rdi as i64;
        registers[libc::REG_RSI as usize] = to.rsi as i64;
        true
    }
}

#[cfg(not(target_arch = "x86_64"))]
unsafe fn redirect(_: *const Sim<'static>, _: i32, _: *mut libc::ucontext_t) -> bool {
    false
}

fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let before = BEFORE
        .get()
        .and_then(|all| all.iter().find(|(other, _)| *other as i32 == signal))
        .map(|(_, action)| action);
    match before.map(SigAction::handler) {
        Some(SigHandler::SigAction(handler)) => handler(signal, info, context),
        Some(SigHandler::Handler(handler)) => handler(signal),
        _ => {
            // The default: give it back and let the signal come once more, which a
            // signal that was sent, and not caused by an instruction, does not by itself.
            let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
            if let Ok(signal) = Signal::try_from(signal) {
                // SAFETY: restores the default action.
                let _ = unsafe { sigaction(signal, &default) };
                let _ = nix::sys::signal::raise(signal);
            }
        }
    }
}
