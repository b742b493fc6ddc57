//! The engine whose tasks are real processes and threads, one running at a time.
//!
//! A *controller*, a process of its own, owns the kernel's arena and forks the
//! tasks; everything runs on one core, so handing the turn over is one wake-up and
//! one sleep. The tasks of a declarative program are forked once and kept *warm*:
//! between executions they wait for their turn. A dynamic program's main task is
//! forked anew for each execution.
//!
//! ```text
//!  caller ──fork──> controller ──fork──> task 0, task 1, ...      (warm)
//!    │                │   └─────fork──> main ──fork──> children   (dynamic)
//!    └── result <─────┘
//! ```
//!
//! | file | what is there |
//! |---|---|
//! | `controller` | forking a controller from a program with many threads |
//! | `warm` | the processes of tasks that exist from the start |
//! | `burial` | waiting until the operating system has truly ended a process |
//! | `crash` | fatal signals in tasks: the controller learns of them at once |
//! | `nest` | small memory that lies close together, for short lives |
//!
//! 1. The holder of the turn is the only one of these processes that runs; the
//!    controller holds it between executions.
//! 2. The controller has one thread, so what it forks holds no foreign lock.
//!
//! When a task's process dies, the controller notices (at once for a caught signal,
//! else within [`PATROL`]) and ends the execution with the way it died. When the
//! controller dies, warm tasks die with it and others end at their next turn.

pub(super) mod burial;
mod controller;
mod crash;
mod group;
mod nest;
mod warm;

pub(crate) use burial::{kill_and_bury, status_if_dead};
pub(crate) use controller::{apart, controllers};

use super::crowd::Crowd;
use super::gap::Gap;
use super::watchdog::Watchdog;
use super::{Executor, Model, stage};
use crate::judge::Verdict;
use crate::kernel::{
    Arena, End, Kernel, Limits, Mode, Request, Role, State, current, forget_handlers, panic,
};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};
use selvedge::platform::Woken;
use selvedge::sys::death::await_death;
use selvedge::sys::{clock, futex};
use std::ptr;
use std::sync::atomic::Ordering;
use warm::Troupe;

/// How often the controller looks whether the running task is still alive.
const PATROL: u64 = 10_000_000;
/// The execution at whose begin the controller has made what it makes but once, so that its
/// memory stays as it is from then on: the first was run again with each crowd, to see whether
/// it is the same.
const SETTLED: u64 = 2 + Crowd::COUNT as u64;

/// The process engine; lives in a controller.
pub(crate) struct Real<'m> {
    troupe: Troupe<'m>,
    model: &'m dyn Model,
    arena: Arena,
    state: *mut u8,
    /// How many executions were begun.
    begun: u64,
    /// A task once did not leave its code in time: nobody is waited for any more.
    hasty: bool,
    _watchdog: Watchdog,
}

impl<'m> Real<'m> {
    /// An engine for executions of `model`.
    pub(crate) fn new(model: &'m dyn Model, limits: Limits) -> nix::Result<Real<'m>> {
        let limits = stage::fit(limits, model);
        // Once, here: everything that the controller forks inherits it.
        crash::watch();
        let arena = Arena::new(limits, Mode::Real)?;
        let troupe = Troupe::new(model, arena.kernel());
        let mut real = Real {
            troupe,
            model,
            arena,
            state: ptr::null_mut(),
            begun: 0,
            hasty: false,
            _watchdog: Watchdog::new(limits.patience),
        };
        real.take_control();
        if model.dynamic() {
            // What each main task would have to do for itself otherwise, time after time.
            forget_handlers();
            selvedge::process::restart_numbering();
        }
        Ok(real)
    }

    /// Tells a new kernel who controls it.
    fn take_control(&mut self) {
        let model = self.model;
        let kernel = self.kernel();
        kernel.controller_pid = std::process::id();
        kernel.warm = if model.dynamic() { 0 } else { model.tasks() as u32 };
    }

    /// Sleeps until a task gives the turn to the controller; false if the running
    /// task died or got lost instead.
    fn await_turn(&mut self) -> bool {
        let mut begun = clock::monotonic();
        let mut steps = self.kernel().steps;
        let patience = self.kernel().limits.patience.as_nanos() as u64;
        loop {
            let kernel = self.kernel();
            if kernel.controller.swap(0, Ordering::Acquire) == 1 {
                return true;
            }
            let now = clock::monotonic();
            if futex::wait(&kernel.controller, 0, Some(now + PATROL)) == Woken::TimedOut {
                let pid = self.pid_of_holder();
                if let Some(status) = burial::status_if_dead(pid) {
                    if self.kernel().controller.swap(0, Ordering::Acquire) == 1 {
                        return true;
                    }
                    // One that was told to die gives the turn away first.
                    if self.pid_of_holder() != pid {
                        continue;
                    }
                    let kernel = self.kernel();
                    let task = kernel.holder as usize;
                    kernel.crash(task, status);
                    return false;
                }
                let seen = self.kernel().steps;
                if seen != steps {
                    (begun, steps) = (now, seen);
                } else if now - begun > patience {
                    burial::kill_and_bury(self.pid_of_holder());
                    self.kernel().give_up_waiting();
                    return false;
                }
            }
        }
    }

    /// The process that holds the turn.
    fn pid_of_holder(&mut self) -> u32 {
        let kernel = self.kernel();
        let process = kernel.task(kernel.holder as usize).process as usize;
        kernel.task(process).pid()
    }

    /// Runs the tasks until the execution is over.
    fn play(&mut self) {
        // The main task of a dynamic program was forked with it.
        if !self.model.dynamic() {
            let first = self.kernel().current as usize;
            self.kernel().give_turn(first);
        }
        if self.await_turn() && self.kernel().request == Request::Crashed {
            let kernel = self.kernel();
            let task = kernel.current as usize;
            let signal = kernel.note.signal;
            let process = kernel.task(task).process as usize;
            await_death(kernel.task(process).pid());
            kernel.crash(task, -signal);
        }
    }

    /// Ends what is left of an execution: tasks in warm processes leave their code,
    /// all others are killed.
    fn clean_up(&mut self) {
        let fixed = self.model.tasks();
        let warm = !self.model.dynamic();
        let kernel = self.kernel();
        kernel.abandon();
        for task in 0..kernel.tasks as usize {
            let slot = kernel.task(task);
            let unfinished = matches!(slot.state, State::Live | State::Starting);
            if slot.role == Role::Process && unfinished && !(warm && task < fixed) {
                burial::kill_and_bury(slot.pid());
            }
        }
        if warm {
            self.let_warm_tasks_leave();
        }
    }

    fn let_warm_tasks_leave(&mut self) {
        for task in 0..self.kernel().tasks as usize {
            let kernel = self.kernel();
            let process = kernel.task(task).process as usize;
            let leaves = kernel.task(task).state == State::Live && process < self.model.tasks();
            if !leaves || self.troupe.is_dead(process) {
                continue;
            }
            if self.hasty {
                self.troupe.dismiss(process);
                continue;
            }
            let kernel = self.kernel();
            kernel.current = task as u32;
            kernel.controller.store(0, Ordering::Relaxed);
            kernel.give_turn(task);
            if !self.await_turn() {
                self.hasty = true;
                self.troupe.dismiss(process);
            }
        }
    }
}

impl Executor for Real<'_> {
    fn kernel(&mut self) -> &mut Kernel {
        // SAFETY: the arena lives as long as the engine, and the controller holds
        // the turn whenever it uses the kernel.
        unsafe { &mut *self.arena.kernel() }
    }

    fn execute(&mut self, label: &mut String) -> Verdict {
        let kernel = self.kernel();
        kernel.reset();
        kernel.controller.store(0, Ordering::Relaxed);
        let crowd = Crowd::gather(kernel.plan.crowd);
        let captured = panic::capture(&raw mut kernel.note);
        let verdict = self.run(label);
        if let Some(crowd) = crowd {
            crowd.disperse();
        }
        panic::capture(captured);
        verdict
    }

    fn model(&self) -> &dyn Model {
        self.model
    }

    fn state(&self) -> *mut u8 {
        self.state
    }

    fn elsewhere(&mut self, place: u8, work: &mut dyn FnMut(&mut dyn Executor)) -> bool {
        let Ok(arena) = Arena::new(self.kernel().limits, Mode::Real) else { return false };
        // Behind the arena, which lies where a page table begins.
        let _gap = Gap::open(place);
        // SAFETY: the new arena's kernel, of which nobody else knows.
        unsafe { &mut *arena.kernel() }.take_over(self.kernel());
        let home = (std::mem::replace(&mut self.arena, arena), self.state);
        self.recast();
        if !place.is_multiple_of(2) {
            pass_a_number();
        }
        work(self);
        (self.arena, self.state) = home;
        self.recast();
        true
    }

    fn is_slow(&self) -> bool {
        true
    }
}

impl Real<'_> {
    /// Ends the processes of the tasks; new ones are forked for the arena that is there now.
    fn recast(&mut self) {
        self.troupe.disband();
        self.troupe = Troupe::new(self.model, self.arena.kernel());
        self.take_control();
    }

    fn run(&mut self, label: &mut String) -> Verdict {
        let model = self.model;
        self.state = match stage::set_up(self.kernel(), model) {
            Ok(state) => state,
            Err(verdict) => return verdict,
        };
        let state = self.state;
        self.begun += 1;
        if model.dynamic() && self.begun == SETTLED {
            nest::lay_out();
        }
        self.kernel().begin();
        self.kernel().set_lonely(clock::monotonic());
        if let Err(errno) = self.troupe.assemble(state) {
            return Verdict::Broken(format!("forking a task: {errno}"));
        }
        if !self.kernel().is_over() {
            self.play();
        }
        self.kernel().bury();
        let (end, _) = self.kernel().ending();
        if end != End::Finished || self.kernel().has_vanished() {
            self.clean_up();
        }
        self.troupe.rest();
        debug_assert!(current::get().is_null());
        stage::judge(self.kernel(), model, state, label)
    }
}

/// Uses up the number of a process, so that those of the next ones are not as far from the last
/// ones as there are processes: what asks whether its own is odd would be told the same each time.
fn pass_a_number() {
    // SAFETY: the controller has one thread, and the child ends at once.
    match unsafe { fork() } {
        Ok(ForkResult::Parent { child }) => _ = waitpid(child, None),
        Ok(ForkResult::Child) => selvedge::sys::process::exit_now(0),
        Err(_) => {}
    }
}

impl Drop for Real<'_> {
    fn drop(&mut self) {
        self.troupe.disband();
    }
}
