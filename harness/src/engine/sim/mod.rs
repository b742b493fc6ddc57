//! The engine whose tasks are fibers of one thread.
//!
//! Stacks are pooled: a fiber is made once, and for each execution it is told what
//! to run. Between two tasks there is nothing but the switch; between two
//! executions nothing is allocated.
//!
//! ```text
//!  execute: reset ─> set up ─> start each task ─> resume(current) until over
//!              ^                                         │
//!              └── discard state <── finally <── abandon ┘
//! ```
//!
//! Fibers hand the turn to each other without going through the engine where they
//! can; see `run_others` in the kernel's `point`.
//!
//! 1. A fiber is suspended either between two executions, in [`fibers`]' loop, or at
//!    a scheduling point of its task.
//! 2. Only this thread resumes the fibers of this engine.
//!
//! A task that is killed here vanishes: its fiber is thrown away with whatever lay
//! on its stack. Real processes do not die in this engine.

mod clean_thread;
mod crash;
mod exit;
mod fibers;

use super::crowd::Crowd;
use super::gap::Gap;
use super::watchdog::{Pulse, Watchdog};
use super::{Executor, Model};
use crate::judge::Verdict;
use crate::kernel::fiber::{self, Care};
use crate::kernel::{Alone, Arena, End, Kernel, Limits, Mode, State, current, forget_handlers, panic};
use crate::program::Scratch;
pub(crate) use crash::end_lost_fiber;
pub(crate) use exit::{Exit, Teller};
use fibers::Fiber;
use std::cell::UnsafeCell;
use std::ptr;

/// The fiber engine.
pub(crate) struct Sim<'m> {
    // Dropped before the arena, into which they point.
    #[allow(clippy::vec_box, reason = "a running fiber must stay where it is when others are added")]
    fibers: Vec<Box<Fiber>>,
    model: &'m dyn Model,
    arena: Arena,
    state: *mut u8,
    /// A fiber was thrown away as it unwound: this thread counts its panic for ever.
    tainted: bool,
    /// An execution used descriptors.
    uses_descriptors: bool,
    pulse: UnsafeCell<Pulse>,
    /// Tells of an exit in a task, if somebody wants to.
    teller: Option<Teller>,
    /// The number of the execution.
    index: u64,
    /// A task once did not leave its code in time: nobody is waited for any more.
    hasty: bool,
    _watchdog: Watchdog,
    /// Removes the tasks' files.
    _scratch: Scratch,
}

impl<'m> Sim<'m> {
    /// An engine for executions of `model`.
    pub(crate) fn new(model: &'m dyn Model, limits: Limits) -> nix::Result<Sim<'m>> {
        let limits = super::stage::fit(limits, model);
        Ok(Sim {
            fibers: Vec::new(),
            model,
            arena: Arena::new(limits, Mode::Sim)?,
            state: ptr::null_mut(),
            tainted: false,
            uses_descriptors: false,
            pulse: UnsafeCell::default(),
            teller: None,
            index: 0,
            hasty: false,
            _watchdog: Watchdog::new(limits.patience),
            _scratch: Scratch::of_thread(),
        })
    }

    /// Makes the fiber of a task, and those of all before it that have none.
    ///
    /// # Safety
    /// `engine` is a live engine of this thread, and nobody holds a reference to it.
    unsafe fn make(engine: *mut (), task: usize) {
        // SAFETY: the caller's promise. Fibers are boxed: they stay where they are when others
        // are added.
        let engine = unsafe { &mut *engine.cast::<Sim<'m>>() };
        while engine.fibers.len() <= task {
            let index = engine.fibers.len();
            let kernel = engine.arena.kernel();
            let mut fiber = Box::new(Fiber::new(kernel, index));
            // SAFETY: the kernel lives as long as the engine, and its task has no fiber.
            unsafe { (*kernel).task(index).fiber = fiber.coroutine() };
            engine.fibers.push(fiber);
        }
    }

    /// The fiber of a task caught a fatal signal.
    ///
    /// # Safety
    /// As for [`make`](Sim::make).
    unsafe fn lost(engine: *mut (), task: usize) {
        // SAFETY: the caller's promise.
        unsafe { (*engine.cast::<Sim<'m>>()).crashed(task) };
    }

    /// Runs a task until its fiber suspends; those that it hands the turn to run on top of it.
    fn run_task(&mut self, task: usize) {
        // SAFETY: the engine gives itself away for the time of the call, in which its fibers
        // and its kernel are used by nobody but the tasks.
        unsafe { fiber::resume(self.arena.kernel(), task) };
    }

    /// The task caught a fatal signal; its fiber is gone.
    #[cold]
    fn crashed(&mut self, task: usize) {
        let kernel = self.kernel();
        let signal = kernel.note.signal;
        if signal == 0 {
            let leaves = kernel.is_over();
            kernel.give_up_waiting();
            self.hasty |= leaves;
        } else if kernel.is_over() {
            // It was made to leave by a panic in the middle of an unwinding of which nobody
            // knew (see `tasks::unwind`), or stumbled as it left: its stack is gone like that
            // of a killed task, and the execution ended as it did before.
            kernel.lose(task);
        } else {
            kernel.crash(task, -signal);
        }
        *self.fibers[task] = Fiber::new(self.arena.kernel(), task);
    }

    /// Lets the unfinished tasks leave their code, and throws the vanished away.
    #[cold]
    fn clean_up(&mut self) {
        self.kernel().abandon();
        // A destructor may wait for a lock that a later task gives back as it leaves.
        while !self.hasty && self.let_each_leave() {}
        for task in 0..self.kernel().tasks as usize {
            let state = self.kernel().task(task).state;
            if matches!(state, State::Vanished | State::Starting | State::Live) {
                // One that was not begun may have no fiber yet.
                let Some(fiber) = self.fibers.get_mut(task) else { continue };
                fiber.discard();
                **fiber = Fiber::new(self.arena.kernel(), task);
            }
        }
    }

    /// Gives each task that still stands in its code a turn to leave it; true if some
    /// did and others may now.
    fn let_each_leave(&mut self) -> bool {
        let (mut left, mut stayed) = (false, false);
        for task in 0..self.kernel().tasks as usize {
            if self.kernel().task(task).state != State::Live || self.hasty {
                continue;
            }
            self.kernel().current = task as u32;
            self.run_task(task);
            let leaves = self.kernel().task(task).state != State::Live;
            (left, stayed) = (left | leaves, stayed | !leaves);
        }
        left && stayed
    }
}

impl Executor for Sim<'_> {
    fn kernel(&mut self) -> &mut Kernel {
        // SAFETY: the arena lives as long as the engine; no fiber runs while the
        // engine does, and the reference does not outlive a resume.
        unsafe { &mut *self.arena.kernel() }
    }

    fn execute(&mut self, label: &mut String) -> Verdict {
        if self.tainted {
            return self.execute_apart(label);
        }
        let verdict = self.execute_alone(label);
        self.tainted = std::thread::panicking();
        verdict
    }

    fn model(&self) -> &dyn Model {
        self.model
    }

    fn elsewhere(&mut self, place: u8, work: &mut dyn FnMut(&mut dyn Executor)) -> bool {
        let Ok(arena) = Arena::new(self.kernel().limits, Mode::Sim) else { return false };
        // Behind the arena, which lies where a page table begins.
        let _gap = Gap::open(place);
        // SAFETY: the new arena's kernel, of which nobody else knows.
        unsafe { &mut *arena.kernel() }.take_over(self.kernel());
        // The old stacks stay mapped meanwhile, or the new ones would lie where they lay.
        let home = (std::mem::take(&mut self.fibers), std::mem::replace(&mut self.arena, arena), self.state);
        work(self);
        self.close_fibers();
        (self.fibers, self.arena, self.state) = home;
        true
    }

    fn tell_exits(&mut self, teller: &Teller) {
        self.teller = Some(teller.clone());
    }

    fn number(&mut self, index: u64) {
        self.index = index;
    }

    fn state(&self) -> *mut u8 {
        self.state
    }
}

impl Sim<'_> {
    /// An execution during which nobody forks a copy of this process, if the program uses
    /// descriptors. That it does shows in an execution, which is then run once more.
    fn execute_alone(&mut self, label: &mut String) -> Verdict {
        if !self.uses_descriptors {
            let plan = self.kernel().plan;
            let verdict = self.execute_here(label);
            if !self.kernel().used_descriptors() {
                return verdict;
            }
            self.uses_descriptors = true;
            self.kernel().plan = plan;
            label.clear();
        }
        let _alone = Alone::new();
        self.execute_here(label)
    }

    fn execute_here(&mut self, label: &mut String) -> Verdict {
        let model = self.model;
        self.pulse.get_mut().executions += 1;
        selvedge::process::restart_numbering();
        let kernel = self.kernel();
        kernel.reset();
        let captured = panic::capture(&raw mut kernel.note);
        let crowd = Crowd::gather(kernel.plan.crowd);
        // Also around the set-up and the judging: an `exit` there ends the program too.
        let crash = crash::Watch::begin(&raw const *self);
        let verdict = self.run(model, label);
        drop(crash);
        drop(crowd);
        panic::capture(captured);
        verdict
    }

    fn run(&mut self, model: &dyn Model, label: &mut String) -> Verdict {
        self.state = match super::stage::set_up(self.kernel(), model) {
            Ok(state) => state,
            Err(verdict) => return verdict,
        };
        let state = self.state;
        // SAFETY: only the lifetime is erased; the job is read by fibers during this
        // execution, within which `model` is borrowed.
        let model_now = unsafe { std::mem::transmute::<&dyn Model, &'static dyn Model>(model) };
        let job = fibers::Job { model: model_now, state };
        let before = current::set(self.arena.kernel());
        let engine = ptr::from_mut(self).cast();
        let kernel = self.kernel();
        kernel.job = (&raw const job).cast();
        kernel.care = Some(Care { make: Sim::make, lost: Sim::lost, engine });
        self.kernel().begin();
        while !self.kernel().is_over() {
            let task = self.kernel().current as usize;
            self.run_task(task);
        }
        let (end, _) = self.kernel().ending();
        if end != End::Finished || self.kernel().has_vanished() {
            self.clean_up();
        }
        current::set(before);
        forget_handlers();
        self.kernel().close_lost_streams();
        super::stage::judge(self.kernel(), model, state, label)
    }
}

impl Drop for Sim<'_> {
    fn drop(&mut self) {
        self.close_fibers();
    }
}
