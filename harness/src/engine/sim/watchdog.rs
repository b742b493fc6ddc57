//! A task that runs for ever without reaching a visible operation: no scheduler
//! can stop it, so a timer does.
//!
//! While an engine executes, a timer signals its thread once a second. If neither
//! an execution nor a step went by since [`PATIENCE`] signals, the running fiber is
//! redirected to its end, exactly as after a fatal signal, and the execution is
//! given up with a message that names the task.
//!
//! 1. The handler only reads and writes plain words of this thread's engine.
//!
//! When a process dies here, the kernel deletes its timers.

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Once;

/// Seconds without progress before a task is taken for lost.
pub(super) const PATIENCE: u32 = 10;

/// The signal of the timer: one that programs rarely use for themselves.
const SIGNAL: Signal = Signal::SIGVTALRM;

/// A timer that signals the thread that made it, once a second.
pub(super) struct Watchdog(Option<libc::timer_t>);

impl Watchdog {
    pub(super) fn new() -> Watchdog {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let flags = SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK | SaFlags::SA_RESTART;
            let action =
                SigAction::new(SigHandler::SigAction(super::crash::on_timer), flags, SigSet::empty());
            // SAFETY: the handler only calls async-signal-safe code.
            let _ = unsafe { sigaction(SIGNAL, &action) };
        });
        // SAFETY: all zeroes is a valid sigevent; the fields that matter are set.
        let mut event: libc::sigevent = unsafe { MaybeUninit::zeroed().assume_init() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = SIGNAL as i32;
        event.sigev_notify_thread_id = nix::unistd::gettid().as_raw();
        let mut timer: libc::timer_t = ptr::null_mut();
        let second = libc::timespec { tv_sec: 1, tv_nsec: 0 };
        let period = libc::itimerspec { it_interval: second, it_value: second };
        // SAFETY: pointers to live values; a timer that cannot be had is done without.
        unsafe {
            if libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) != 0 {
                return Watchdog(None);
            }
            libc::timer_settime(timer, 0, &raw const period, ptr::null_mut());
        }
        Watchdog(Some(timer))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(timer) = self.0 {
            // SAFETY: made by `new`, deleted once.
            unsafe { libc::timer_delete(timer) };
        }
    }
}

/// What a timer signal compares: progress seen, and signals since it last changed.
#[derive(Default)]
pub(super) struct Pulse {
    pub(super) executions: u64,
    seen: (u64, u32),
    still: u32,
}

impl Pulse {
    /// Notes the present; true if nothing has moved for too long.
    pub(super) fn is_lost(&mut self, steps: u32) -> bool {
        let now = (self.executions, steps);
        self.still = if now == self.seen { self.still + 1 } else { 0 };
        self.seen = now;
        self.still >= PATIENCE
    }
}
