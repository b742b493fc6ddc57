//! How tasks begin and end inside an execution.
//!
//! Called by the engines around a task's code, by `children` for tasks that a
//! program starts itself, and by the points when an execution is given up.
//!
//! When a process dies here, the engine calls [`Kernel::bury`] on its behalf.

use crate::kernel::data::state::{ABANDON, Kernel, Mode, UNWINDING};
use crate::kernel::data::task::{NOBODY, Role, State};
use crate::kernel::hooks::recorder::Judged;
use crate::kernel::schedule::event::{EVERYTHING, Tail};
use crate::kernel::step::decide::End;
use crate::kernel::tasks::panic::let_go;
use corosensei::Yielder;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;

/// What unwinds a task whose execution was given up.
struct Abandoned;

/// Leaves the running task's code: its locals are dropped, none of its operations
/// is scheduled any more.
pub(in crate::kernel) fn unwind() -> ! {
    resume_unwind(Box::new(Abandoned))
}

/// Runs the code of task `me` to its end and tells the kernel how it went. The
/// caller then gives the turn away with [`depart`].
///
/// # Safety
/// As for [`point`](crate::kernel::step::point::point); `me` has just been given its first turn.
#[inline(always)]
pub(crate) unsafe fn enter(this: *mut Kernel, me: usize, body: impl FnOnce() -> i32) {
    // SAFETY: the caller's promise.
    unsafe { (*this).begin_robust(me) };
    let result = catch_unwind(AssertUnwindSafe(body));
    // SAFETY: the caller's promise; the task's own code is over.
    unsafe { &mut *this }.leave(me, result);
}

/// `real`: gives the turn away for good, after [`enter`].
#[inline]
pub(crate) fn depart(kernel: &mut Kernel) {
    if kernel.flags & ABANDON != 0 {
        kernel.call_controller();
    } else {
        kernel.hand_over();
    }
}

/// The running task leaves its code and would have to sleep on the way. In `sim` it lets
/// the others leave first, who may have what it wants, and looks again; the engine throws
/// it away if that does not help. In `real` it ends on the spot.
///
/// # Safety
/// As for [`point`](crate::kernel::step::point::point).
#[cold]
pub(in crate::kernel) unsafe fn stand_aside(this: *mut Kernel, me: usize) {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    if kernel.mode == Mode::Sim {
        let quiet = kernel.quiet;
        let yielder = kernel.task(me).yielder.cast::<Yielder<(), ()>>();
        // SAFETY: as in `switch`; only the engine resumes tasks that leave.
        unsafe {
            (*yielder).suspend(());
            (*this).restore_quiet(quiet);
        }
        return;
    }
    // SAFETY: the caller's promise.
    unsafe { vanish(this, me) }
}

/// Ends the running task on the spot: nothing is dropped, nothing unwinds.
///
/// # Safety
/// As for [`point`](crate::kernel::step::point::point).
pub(in crate::kernel) unsafe fn vanish(this: *mut Kernel, me: usize) -> ! {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    kernel.go_outside();
    kernel.task(me).state = State::Vanished;
    kernel.vanished = true;
    // SAFETY: the caller's promise.
    unsafe { disappear(this, me) }
}

/// Ends the running task's process on the spot with exit code `code`.
///
/// # Safety
/// As for [`point`](crate::kernel::step::point::point).
pub(in crate::kernel) unsafe fn exit(this: *mut Kernel, me: usize, code: i32) -> ! {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    kernel.go_outside();
    let process = kernel.task(me).process as usize;
    if kernel.task(me).role == Role::Thread {
        // Steps of other threads, also of those that have ended, could not come after this one.
        kernel.note_tail(|tail| tail.ends = EVERYTHING);
    }
    kernel.end_process(process, code & 0xFF);
    if kernel.is_mortal(process) && !kernel.over {
        kernel.dying = kernel.task(process).pid();
    }
    kernel.advance();
    // SAFETY: the caller's promise.
    unsafe { disappear(this, me) }
}

/// Ends the running task on the spot with exit code `code`, and the execution with it, as a
/// process that left its code does.
///
/// # Safety
/// As for [`point`](crate::kernel::step::point::point).
pub(in crate::kernel) unsafe fn end_here(this: *mut Kernel, code: i32) -> ! {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    let me = kernel.current as usize;
    kernel.go_outside();
    kernel.crash(me, code);
    kernel.task(me).state = State::Vanished;
    kernel.vanished = true;
    // SAFETY: the caller's promise.
    unsafe { disappear(this, me) }
}

/// Ends the running task's process on the spot, by a signal that it sent itself.
///
/// # Safety
/// As for [`point`](crate::kernel::step::point::point).
pub(in crate::kernel) unsafe fn die(this: *mut Kernel, me: usize, signal: i32) -> ! {
    // SAFETY: the caller's promise.
    let kernel = unsafe { &mut *this };
    kernel.go_outside();
    let process = kernel.task(me).process as usize;
    kernel.kill(process, signal);
    if kernel.mode == Mode::Real && !kernel.over {
        kernel.dying = kernel.task(process).pid();
        kernel.condemned = true;
    }
    kernel.advance();
    // SAFETY: the caller's promise.
    unsafe { disappear(this, me) }
}

/// Gives the turn away and never takes it again.
unsafe fn disappear(this: *mut Kernel, me: usize) -> ! {
    // SAFETY: the caller's promise, passed on by `vanish` and `exit`.
    let kernel = unsafe { &mut *this };
    kernel.unwind_for_ever(me);
    match kernel.mode {
        Mode::Sim => loop {
            let yielder = kernel.task(me).yielder.cast::<Yielder<(), ()>>();
            // SAFETY: as in `switch`. The engine discards the fiber of a vanished
            // task instead of resuming it.
            unsafe { (*yielder).suspend(()) };
        },
        Mode::Real => {
            let code = kernel.task(me).status;
            depart(kernel);
            selvedge::sys::process::exit_group(code);
        }
    }
}

impl Kernel {
    /// The code of task `me` has come to its end: ends the task, and decides who goes on.
    fn leave(&mut self, me: usize, result: Result<i32, Box<dyn Any + Send>>) {
        self.go_outside();
        match result {
            // It was made to leave its code: that is no end of its own.
            result if self.flags & ABANDON != 0 => {
                self.task(me).state = State::Ended;
                return result.map_or_else(let_go, |_| ());
            }
            Ok(code) => self.end_task(me, code & 0xFF),
            Err(payload) => self.note_panic(me, payload),
        }
        if self.over {
            return;
        }
        self.end_threads_of(me);
        if self.is_mortal(me) {
            // The process still holds its descriptors; only its death is the end.
            self.dying = self.task(me).pid();
        }
        self.advance();
    }

    /// A panic ended task `me`, and with it the execution.
    #[cold]
    fn note_panic(&mut self, me: usize, payload: Box<dyn Any + Send>) {
        self.note.complete(payload.as_ref());
        self.flags &= !UNWINDING;
        self.end_task(me, 101);
        let undecided = payload.is::<Judged>();
        self.finish_as(if undecided { End::Undecided } else { End::Panicked }, me as u32);
        let_go(payload);
    }

    /// `real`: whether the task's process ends with it.
    #[inline]
    fn is_mortal(&self, me: usize) -> bool {
        self.mode == Mode::Real && me >= self.warm as usize && self.task(me).role == Role::Process
    }

    /// The task has ended with `status`: an exit code, or minus a signal.
    #[inline]
    pub(crate) fn end_task(&mut self, me: usize, status: i32) {
        let task = self.task(me);
        if matches!(task.state, State::Ended | State::Vanished) {
            return;
        }
        task.state = State::Ended;
        task.status = status;
        if self.keeps_order() {
            self.order_end(me);
        }
        self.release_robust(me);
        let task = self.task(me);
        task.ended.store(1, Ordering::Relaxed);
        let word = std::ptr::from_ref(&task.ended) as usize;
        let joiner = task.joiner;
        let thread = task.role == Role::Thread;
        if !thread {
            self.close_streams_of(task.process, false);
        }
        self.alive -= 1;
        self.threads -= u32::from(thread);
        self.note_tail(|tail| Tail::add(&mut tail.ends, word));
        self.clear_enabled(me);
        if joiner != NOBODY {
            self.set_enabled(joiner as usize);
        }
        self.touch(word);
    }

    /// The threads of a process end with it, wherever they stand.
    #[inline]
    fn end_threads_of(&mut self, process: usize) {
        if self.threads > 0 && self.task(process).role == Role::Process {
            self.end_living_threads_of(process);
        }
    }

    #[inline(never)]
    fn end_living_threads_of(&mut self, process: usize) {
        if (0..self.tasks as usize).any(|index| self.lives_in(process, index)) {
            // Whatever lay on their stacks is lost; the process has dropped the rest.
            self.end_process(process, 0);
        }
    }

    /// Whether a task has begun, or is about to, and has not ended.
    pub(in crate::kernel) fn lives(&self, index: usize) -> bool {
        matches!(self.task(index).state, State::Starting | State::Live)
    }

    /// Whether this task of a process lives.
    fn lives_in(&self, process: usize, index: usize) -> bool {
        self.task(index).process as usize == process && self.lives(index)
    }

    /// Threads of the running task's process that were started in this execution and have
    /// not ended.
    #[inline]
    pub(in crate::kernel) fn started_threads(&self) -> usize {
        if self.threads == 0 {
            return 0;
        }
        let process = self.task(self.current as usize).process as usize;
        let runs = |&index: &usize| self.lives_in(process, index) && self.task(index).role == Role::Thread;
        (self.declared as usize..self.tasks as usize).filter(runs).count()
    }

    /// Task `victim` and the threads of its process are gone, killed by `signal`.
    pub(in crate::kernel) fn kill(&mut self, victim: usize, signal: i32) {
        self.end_process(victim, -signal);
    }

    /// Task `process` and the threads of its process end where they stand, with `status`.
    fn end_process(&mut self, process: usize, status: i32) {
        self.close_streams_of(process as u32, true);
        for index in 0..self.tasks as usize {
            if index == process && self.lives(index) || self.lives_in(process, index) {
                self.delist(index);
                self.wake_up(index);
                self.end_task(index, status);
                self.vanish_by_step(index);
            }
        }
    }

    /// The last step ended this task where it stood, its own or another's.
    fn vanish_by_step(&mut self, index: usize) {
        let step = self.steps.checked_sub(1).unwrap_or(NOBODY);
        let own = self.current as usize == index;
        let task = self.task(index);
        task.state = State::Vanished;
        task.ended_by = if own { NOBODY } else { step };
        self.vanished = true;
    }

    /// The running task's process or fiber died: `status` is an exit code, or minus
    /// the signal.
    pub(crate) fn crash(&mut self, task: usize, status: i32) {
        self.delist(task);
        self.end_task(task, status);
        self.finish_as(End::Died, task as u32);
    }

    /// `sim`: a task of an execution that is over lost its stack on the way out of its code.
    #[cold]
    pub(crate) fn lose(&mut self, task: usize) {
        self.task(task).state = State::Vanished;
        self.vanished = true;
    }

    /// The running task did not come to its next operation in time and was ended.
    pub(crate) fn give_up_waiting(&mut self) {
        let task = self.current;
        self.task(task as usize).state = State::Vanished;
        self.vanished = true;
        self.alive -= 1;
        self.clear_enabled(task as usize);
        self.finish_as(End::GivenUp, task);
    }

    /// Whether the task has come to its end.
    pub(in crate::kernel) fn has_ended(&self, index: usize) -> bool {
        self.task(index).ended.load(Ordering::Relaxed) == 1
    }

    /// Whether it came to its end before the execution did.
    pub(crate) fn was_ended(&self, index: usize) -> bool {
        self.as_it_stood(index).ended.load(Ordering::Relaxed) == 1
    }

    /// Whether the task could have taken the next step when the execution ended.
    pub(crate) fn could_go_on(&self, index: usize) -> bool {
        self.as_it_stood(index).ready
    }

    /// Lets every task leave its code; the engine then gives each its turn.
    pub(crate) fn abandon(&mut self) {
        self.keep_slots();
        self.flags = ABANDON;
        self.over = true;
        self.be_careful();
    }
}

/// Sets the label of the outcome of the running execution.
pub(crate) fn set_label(kernel: *mut Kernel, label: &str) {
    // SAFETY: the callers pass their current kernel, and they have the turn.
    unsafe { (*kernel).label.set(label) };
}
