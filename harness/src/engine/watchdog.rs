//! Code that runs for ever without reaching a visible operation: no scheduler can stop it,
//! so a timer does.
//!
//! While an engine lives, a timer signals its thread once a second.
//!
//! | what does not come to its end in time | what happens |
//! |---|---|
//! | a task of `sim` | its fiber is redirected to its end, exactly as after a fatal signal, and the execution is given up with a message that names the task |
//! | a task of `real` | the controller sees to it, which is not the one that runs |
//! | the set-up, `label`, `finally`, the state's destructor | the process ends, and it is said which of them: nothing can be judged |
//!
//! 1. The handler only reads and writes plain words of this thread's engine.
//!
//! When a process dies here, the kernel deletes its timers.

use super::moment::Moment;
use super::sim;
use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Once;
use std::time::Duration;

/// How many times as long a part outside of the tasks may take: it may have much to judge.
const PARTS: u32 = 3;

thread_local! {
    /// Seconds without progress before code is taken for lost.
    static PATIENCE: Cell<u32> = const { Cell::new(u32::MAX) };
}

/// The signal of the timer: one that programs rarely use for themselves.
const SIGNAL: Signal = Signal::SIGVTALRM;

/// A timer that signals the thread that made it, once a second.
pub(super) struct Watchdog(Option<libc::timer_t>);

impl Watchdog {
    pub(super) fn new(patience: Duration) -> Watchdog {
        PATIENCE.set(u32::try_from(patience.as_secs()).unwrap_or(u32::MAX).max(1));
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let flags = SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK | SaFlags::SA_RESTART;
            let action = SigAction::new(SigHandler::SigAction(on_timer), flags, SigSet::empty());
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

/// The signal of the timer: ends what is lost.
extern "C" fn on_timer(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let Some(part) = Moment::lost(PATIENCE.get().saturating_mul(PARTS)) else {
        return sim::end_lost_fiber(context);
    };
    // What another process started is told by that process.
    if !Moment::is_published() {
        let said = [
            "selvedge: ",
            part,
            " did not come to its end in time and was given up.\n\
             Nothing was judged: what stands outside of the tasks has to return.\n",
        ];
        for text in said {
            let _ = nix::unistd::write(std::io::stderr(), text.as_bytes());
        }
    }
    // The code of a failed test.
    selvedge::sys::process::exit_now(101);
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
        self.still >= PATIENCE.get()
    }
}
