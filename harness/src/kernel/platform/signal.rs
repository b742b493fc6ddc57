//! Signals under a scheduler: who is sent one, what it ends, when its handler runs.
//!
//! Used by the `Checked` platform, by the handles of children, and where the fault
//! `signals` strikes.
//!
//! | a signal for a process that | does |
//! |---|---|
//! | handles it | interrupts the task that set the handler, or waits until that is unblocked |
//! | has it blocked, without a handler | waits, to be waited for |
//! | ignores it | nothing |
//! | none of these | ends the process |
//!
//! An interrupted task is enabled, whatever it waited for. When it has its turn, the
//! handler runs in place of the announced operation; its own operations are steps; then the
//! operation is announced once more. A sleep on a word ends as if woken without cause.
//!
//! 1. A task is `interrupted` iff it will run a handler at its next turn: one of a signal
//!    that is pending and not blocked, or the one that its turn's outcome names.
//! 2. Handlers of one task do not interrupt each other.
//! 3. A running task has nothing pending that it could handle: what is sent to it while it
//!    runs it handles within the step that sends or unblocks it.
//!
//! When a process dies here, what was pending for it is lost.

use super::handlers;
use crate::kernel::data::state::{ABANDON, Kernel};
use crate::kernel::schedule::choice::Outcome;
use crate::kernel::step::fault::SIGNALS;
use nix::sys::signal::Signal;
use selvedge::platform::Guard;
use std::sync::atomic::Ordering::Relaxed;

/// The place of a signal in the kernel's list, if it is modelled.
pub(in crate::kernel) fn place_of(signal: Signal) -> Option<usize> {
    SIGNALS.iter().position(|&other| other == signal)
}

/// What became of a signal that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum Sent {
    /// It was handled, kept or ignored, or it ended another process.
    Done,
    /// It ends the process of the running task, which has to go.
    Fatal,
}

impl Kernel {
    /// The task of a process that handles the signal with this place.
    fn handler_of(&self, process: usize, place: usize) -> Option<usize> {
        (0..self.tasks as usize).find(|&index| {
            let task = self.task(index);
            task.process as usize == process && task.handlers >> place & 1 == 1 && self.lives(index)
        })
    }

    /// The signals that wait for a task: those of its process that it could handle now.
    pub(in crate::kernel) fn deliverable(&self, index: usize) -> u8 {
        let task = self.task(index);
        let pending = self.task(task.process as usize).pending.load(Relaxed) as u8;
        if task.handling { 0 } else { pending & task.handlers & !task.blocked }
    }

    /// Sends a signal to a process that lives: within a step of the running task, or, if
    /// nobody runs, while a decision is taken.
    pub(in crate::kernel) fn send_signal(&mut self, process: usize, signal: Signal, runs: bool) -> Sent {
        let runner = runs.then_some(self.current as usize);
        if let Some(place) = place_of(signal) {
            let bit = 1_u8 << place;
            let owner = self.handler_of(process, place);
            let leader = self.task(process);
            if owner.is_none() && leader.ignored & bit != 0 {
                return Sent::Done;
            }
            if owner.is_some() || leader.blocked & bit != 0 {
                leader.pending.fetch_or(u32::from(bit), Relaxed);
                let word = std::ptr::from_ref(&leader.pending) as usize;
                self.touch(word);
                if runs {
                    self.order_object(word, true);
                }
                let owner = owner.filter(|&owner| self.deliverable(owner) != 0);
                if let Some(owner) = owner.filter(|&owner| Some(owner) != runner) {
                    self.interrupt(owner);
                }
                return Sent::Done;
            }
        }
        if runner.is_some_and(|runner| self.task(runner).process as usize == process) {
            return Sent::Fatal;
        }
        if runs && self.keeps_order() {
            self.order_kill(process);
        }
        self.kill_process(process, signal);
        Sent::Done
    }

    /// A task that stands before an operation will run a handler at its next turn, whatever
    /// it waits for.
    pub(in crate::kernel) fn interrupt(&mut self, index: usize) {
        let task = self.task(index);
        if std::mem::replace(&mut task.interrupted, true) {
            return;
        }
        if task.parked {
            self.rouse(index);
        }
        self.delist(index);
        self.set_enabled(index);
        // The turn of a task without a guard is not looked at any further.
        let task = self.task(index);
        task.guard = std::mem::replace(&mut task.op.guard, Guard::NEVER);
    }

    /// Whether a signal that is not handled ends the process of the running task, because it
    /// was pending and is blocked no longer.
    pub(in crate::kernel) fn fatal_of(&self, me: usize) -> Option<Signal> {
        let process = self.task(me).process as usize;
        let leader = self.task(process);
        let pending = leader.pending.load(Relaxed) as u8 & !leader.blocked & !leader.ignored;
        (0..SIGNALS.len())
            .find(|&place| pending >> place & 1 == 1 && self.handler_of(process, place).is_none())
            .map(|place| SIGNALS[place])
    }

    /// When the earliest alarm rings that would do something; `u64::MAX` for none.
    pub(in crate::kernel) fn next_alarm(&self) -> u64 {
        (0..self.tasks as usize)
            .filter(|&index| self.would_notice(index))
            .map(|index| self.task(index).alarm)
            .min()
            .unwrap_or(u64::MAX)
    }

    fn would_notice(&self, index: usize) -> bool {
        let task = self.task(index);
        let bit = 1_u8 << place_of(Signal::SIGALRM).unwrap_or(0);
        task.alarm != u64::MAX
            && self.lives(index)
            && task.pending.load(Relaxed) & u32::from(bit) == 0
            && (task.ignored & bit == 0 || task.blocked & bit != 0)
    }

    /// Rings the alarms whose time has come.
    pub(in crate::kernel) fn ring_alarms(&mut self) {
        for index in 0..self.tasks as usize {
            let task = self.task(index);
            if task.alarm <= self.clock && self.would_notice(index) {
                let next = task.alarm.saturating_add(task.interval);
                task.alarm = if task.interval == 0 { u64::MAX } else { next };
                self.send_signal(index, Signal::SIGALRM, false);
            }
        }
    }

    /// The signal whose handler a task will run first.
    pub(in crate::kernel) fn next_signal(&self, index: usize) -> Option<u8> {
        let bits = self.deliverable(index);
        (bits != 0).then(|| SIGNALS[bits.trailing_zeros() as usize] as u8)
    }
}

/// Runs the handlers that the running task has to run, and returns whether it must announce
/// its operation once more.
///
/// # Safety
/// As for [`point`](crate::kernel::step::point::point); the task has its turn.
#[cold]
#[inline(never)]
pub(in crate::kernel) unsafe fn take_signals(this: *mut Kernel, me: usize) -> bool {
    // SAFETY: the caller's promise; no reference is kept across a handler.
    let kernel = unsafe { &mut *this };
    let task = kernel.task(me);
    task.interrupted = false;
    task.op.guard = task.guard;
    let outcome = std::mem::replace(&mut task.outcome, Outcome::Run);
    let late = task.timed_out;
    let op = task.op;
    kernel.settle(me);
    if kernel.flags & ABANDON != 0 {
        return false;
    }
    let quiet = kernel.quiet;
    let forced = if let Outcome::Signal(number) = outcome { Some(number) } else { None };
    // SAFETY: the caller's promise.
    unsafe {
        run_handlers(this, me, forced);
        let kernel = &mut *this;
        kernel.restore_quiet(quiet);
        kernel.task(me).op = op;
    }
    !late
}

/// Runs the handler of a signal, and of whatever else is pending for the running task.
///
/// # Safety
/// As for [`take_signals`].
pub(in crate::kernel) unsafe fn run_handlers(this: *mut Kernel, me: usize, mut forced: Option<u8>) {
    /// Also where a handler panics.
    struct Handling(*mut Kernel, usize, u8);
    impl Drop for Handling {
        fn drop(&mut self) {
            // SAFETY: the kernel of an execution lives while its tasks run.
            let kernel = unsafe { &mut *self.0 };
            kernel.task(self.1).handling = false;
            kernel.restore_quiet(self.2);
        }
    }
    loop {
        // SAFETY: the caller's promise; no reference is kept across a handler.
        let kernel = unsafe { &mut *this };
        let Some(number) = forced.take().or_else(|| kernel.next_signal(me)) else { return };
        let Ok(signal) = Signal::try_from(i32::from(number)) else { return };
        let place = place_of(signal).unwrap_or(0);
        let process = kernel.task(me).process as usize;
        let pending = &kernel.task(process).pending;
        pending.fetch_and(!(1 << place), Relaxed);
        let word = std::ptr::from_ref(pending) as usize;
        kernel.order_object(word, false);
        kernel.task(me).handling = true;
        let handling = Handling(this, me, kernel.quiet);
        kernel.go_outside();
        if let Some(handler) = handlers::of(me, signal) {
            handler(signal);
        }
        drop(handling);
        // SAFETY: the turn is ours.
        let kernel = unsafe { &mut *this };
        let handled = &kernel.task(me).handled;
        handled.fetch_add(1, Relaxed);
        let word = std::ptr::from_ref(handled) as usize;
        kernel.touch(word);
    }
}
