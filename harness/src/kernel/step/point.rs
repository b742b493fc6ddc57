//! The scheduling point: it stands before each visible operation.
//!
//! Called by the `Checked` platform for every primitive, and by users for
//! operations of their own with [`visible`](crate::visible).
//!
//! When a process dies here, it is not running (somebody else has the turn) or it
//! dies between two instructions of its step; the engine learns of it either way.

use crate::kernel::data::state::{ABANDON, Kernel, Mode};
use crate::kernel::data::task::{NOBODY, State, Task};
use crate::kernel::platform::signal::take_signals;
use crate::kernel::platform::watch::Watch;
use crate::kernel::tasks::fiber;
use crate::kernel::tasks::life;
use crate::kernel::tasks::unwind;
use corosensei::Yielder;
use selvedge::platform::{Cmp, Guard, Kind, Op};
use std::sync::atomic::Ordering;

/// Announces `op` for the running task and returns when it may perform it; true if
/// this was a step of the schedule.
///
/// # Safety
/// `this` is the calling thread's current kernel, and the caller is its running task.
pub(in crate::kernel) unsafe fn point(this: *mut Kernel, op: Op) -> bool {
    // SAFETY: the caller's promise; no reference is kept across the switch.
    let kernel = unsafe { &mut *this };
    // `resume_unwind` tells nobody that it panics, so std is asked.
    if (kernel.flags != 0 || std::thread::panicking())
        && let Some(scheduled) = unwind::passes(kernel, &op)
    {
        return scheduled;
    }
    let me = kernel.current as usize;
    kernel.task(me).op = op;
    // SAFETY: the caller's promise.
    unsafe { proceed::<true>(this, me) };
    true
}

/// Announces the operation that stands in the slot of `me`, the running task, and
/// returns when it may perform it. `UNWINDS`: its thread may unwind.
///
/// # Safety
/// As for [`point`].
#[inline(always)]
pub(in crate::kernel) unsafe fn proceed<const UNWINDS: bool>(this: *mut Kernel, me: usize) {
    // SAFETY: the caller's promise; no reference is kept across the switch.
    unsafe {
        if decide(this, me) {
            if UNWINDS {
                switch(this, me);
            } else {
                switch_plainly(this, me, Kernel::hand_over);
            }
        }
    }
    // SAFETY: the turn is back, nobody else uses the kernel. A task that is to run a handler
    // has a guard, so that others pay nothing for that.
    unsafe {
        if (*this).task(me).op.guard.cmp != Cmp::Always {
            pass_guard(this, me);
        }
    }
}

/// A task has its turn to perform an operation that had a guard.
///
/// # Safety
/// As for [`point`].
#[inline(never)]
unsafe fn pass_guard(this: *mut Kernel, me: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*this).task(me).is_to_handle() {
            handle_first(this, me);
        } else {
            (*this).settle(me);
        }
    }
}

/// [`proceed`] for a task that has been given its turn to run a handler before its operation.
#[cold]
#[inline(never)]
unsafe fn handle_first(this: *mut Kernel, me: usize) {
    loop {
        // SAFETY: the caller's promise, as for `point`; no reference is kept across a switch.
        unsafe {
            let again = take_signals(this, me);
            (*this).settle(me);
            if !again {
                return;
            }
            if decide(this, me) {
                switch(this, me);
            }
            if !(*this).task(me).is_to_handle() {
                return (*this).settle(me);
            }
        }
    }
}

/// Decides; true if somebody else goes on.
#[inline(never)]
unsafe fn decide(this: *mut Kernel, me: usize) -> bool {
    // SAFETY: the caller's promise; no reference is kept across the switch.
    let kernel = unsafe { &mut *this };
    kernel.announce(me);
    kernel.advance();
    kernel.over || kernel.current as usize != me
}

/// Hands the turn to whoever the kernel decided on, and returns when it is back.
///
/// # Safety
/// As for [`point`]; `me` is the caller.
#[inline(always)]
pub(in crate::kernel) unsafe fn switch(this: *mut Kernel, me: usize) {
    // SAFETY: the caller's promise.
    unsafe { switch_by(this, me, Kernel::hand_over) };
}

/// [`switch`], where in `real` the turn is handed over by `give`.
///
/// # Safety
/// As for [`switch`].
#[inline(always)]
pub(in crate::kernel) unsafe fn switch_by(this: *mut Kernel, me: usize, give: impl FnOnce(&mut Kernel)) {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    if !kernel.over && kernel.current as usize == me {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        if std::thread::panicking() {
            unwind::switch(this, me, give);
        } else {
            switch_plainly(this, me, give);
        }
    }
}

/// [`switch_by`] for a task that does not unwind, to somebody else.
///
/// # Safety
/// As for [`switch`].
#[inline(always)]
pub(in crate::kernel) unsafe fn switch_plainly(this: *mut Kernel, me: usize, give: impl FnOnce(&mut Kernel)) {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    let quiet = kernel.quiet;
    kernel.go_outside();
    match kernel.mode {
        // SAFETY: the caller's promise.
        Mode::Sim => unsafe { run_others(this, me) },
        Mode::Real => kernel.swap_real(me, give),
    }
    // SAFETY: the turn is back.
    let kernel = unsafe { &mut *this };
    if kernel.flags & ABANDON != 0 && leaves_here(kernel, me) {
        kernel.go_outside();
        kernel.unwatch(me);
        life::unwind();
    }
    kernel.restore_quiet(quiet);
}

/// Whether a task whose execution was given up leaves its code where it stands. One that
/// is giving something back does that first: others may need it in order to leave.
#[cold]
fn leaves_here(kernel: &Kernel, me: usize) -> bool {
    let task = kernel.task(me);
    !task.unwinds && task.op.kind != Kind::Release
}

/// `sim`: lets other fibers run until `me` has the turn.
///
/// Fibers resume each other: one that hands the turn to a fiber which is suspended
/// resumes it on top of itself; one that hands it to a fiber which waits further down
/// (or, at the end, to the engine) suspends, and each fiber on the way passes the turn
/// on. A fiber is pushed at most once per hand-over and popped once per push, so this
/// costs at most the two switches that going through the engine would, and one where
/// two tasks alternate.
///
/// # Safety
/// As for [`switch`].
#[inline(always)]
unsafe fn run_others(this: *mut Kernel, me: usize) {
    loop {
        // SAFETY: the caller's promise; the reference does not outlive a switch.
        let kernel = unsafe { &mut *this };
        let next = kernel.current as usize;
        if kernel.over || kernel.task(next).active {
            let yielder = kernel.task(me).yielder.cast::<Yielder<(), ()>>();
            // SAFETY: the fiber that runs this task stored its yielder when it was
            // made, and it is the fiber that runs now.
            unsafe { (*yielder).suspend(()) };
            return;
        }
        // SAFETY: it is not active; the references above are not used any more.
        unsafe { fiber::resume(this, next) };
        // SAFETY: as above.
        let kernel = unsafe { &*this };
        if !kernel.over && kernel.current as usize == me {
            return;
        }
    }
}

impl Kernel {
    /// Writes down what `me` is about to do, and whether it can.
    #[inline(always)]
    fn announce(&mut self, me: usize) {
        let task = self.task(me);
        task.state = State::Live;
        if task.op.guard.cmp != Cmp::Always {
            self.enlist(me);
        }
    }

    /// Makes the task wait for the guard of its announced operation. What is rare ends in a call
    /// that comes back here at most once, so that nothing is saved for it.
    #[inline(never)]
    pub(in crate::kernel) fn enlist(&mut self, me: usize) {
        // In its parts, as it was written just now: a copy would be read as a whole, and wait
        // for them to have reached the cache.
        let &Guard { word, mask, value, cmp } = &self.task(me).op.guard;
        if !matches!(cmp, Cmp::Eq | Cmp::Ne | Cmp::Gt | Cmp::Lt) {
            return self.enlist_otherwise(me);
        }
        if self.task(me).op.kind == Kind::Join && self.wait_for_end(me, word) {
            return;
        }
        let space = if self.mode == Mode::Sim { 0 } else { self.space_for(me, word) };
        let Ok(class) = self.guards.find(&Guard { word, mask, value, cmp }, space) else {
            return self.enlist_first(me, space);
        };
        let holds = self.guards.join(class, me, self.parts.enabled, self.words as usize);
        let task = self.task(me);
        task.guarded = true;
        task.space = space;
        task.class = class;
        if holds {
            self.set_enabled(me);
        } else {
            self.clear_enabled(me);
        }
    }

    /// The same for a guard that looks at no word.
    #[inline(never)]
    fn enlist_otherwise(&mut self, me: usize) {
        match self.task(me).op.guard.cmp {
            Cmp::Never => self.clear_enabled(me),
            Cmp::Always => self.set_enabled(me),
            _ => self.await_descriptor(me),
        }
    }

    /// The same where the guard has no class yet.
    #[inline(never)]
    fn enlist_first(&mut self, me: usize, space: u32) {
        if self.guards.is_crowded() {
            self.compact_guards();
        }
        let guard = self.task(me).op.guard;
        self.guards.make(&guard, space);
        self.enlist(me);
    }

    /// Makes room in the table of guard classes, and tells their members where they are.
    #[cold]
    fn compact_guards(&mut self) {
        self.guards.compact(self.words as usize);
        for index in 0..self.tasks as usize {
            let Task { guarded, op: Op { guard, .. }, space, .. } = *self.task(index);
            if guarded
                && !guard.asks_descriptor()
                && let Ok(class) = self.guards.find(&guard, space)
            {
                self.task(index).class = class;
            }
        }
    }

    /// A task that waits for the end of another is written down there: most tasks are
    /// joined by one, once. False if the place is taken.
    fn wait_for_end(&mut self, me: usize, word: usize) -> bool {
        let Some(joined) = self.task_ending_at(word) else { return false };
        let joined = self.task(joined);
        if joined.ended.load(Ordering::Relaxed) == 1 {
            return true;
        }
        if joined.joiner != NOBODY {
            return false;
        }
        joined.joiner = me as u32;
        self.clear_enabled(me);
        true
    }

    /// The announced operation was chosen: the task waits for nothing any more.
    #[inline(always)]
    pub(in crate::kernel) fn settle(&mut self, me: usize) {
        if self.task(me).op.guard.cmp != Cmp::Always {
            self.delist(me);
            self.set_enabled(me);
            let task = self.task(me);
            if task.timed_out || task.watch != Watch::Nowhere {
                self.settle_otherwise(me);
            }
        }
    }

    /// The same where time or a descriptor had to do with it.
    #[cold]
    #[inline(never)]
    fn settle_otherwise(&mut self, me: usize) {
        if std::mem::take(&mut self.task(me).timed_out) {
            self.note_lateness(me);
        }
        if self.task(me).watch != Watch::Nowhere {
            self.unwatch(me);
        }
    }

    /// Removes the task from its guard's class.
    pub(in crate::kernel) fn delist(&mut self, me: usize) {
        let task = self.task(me);
        if task.guarded {
            task.guarded = false;
            if task.op.guard.asks_descriptor() {
                return self.leave_descriptor(me);
            }
            let class = task.class;
            self.guards.leave(class, me);
        } else if task.op.kind == Kind::Join
            && let Some(joined) = self.task_ending_at(self.task(me).op.guard.word)
            && self.task(joined).joiner == me as u32
        {
            self.task(joined).joiner = NOBODY;
        }
    }
}
