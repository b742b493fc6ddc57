//! The processes of the tasks that exist from the start.
//!
//! | program | task 0, 1, ... | between executions |
//! |---|---|---|
//! | declarative | one process each; threads together in one | wait for their turn |
//! | dynamic | the main task | there is none |
//!
//! 1. `pids[i]` is the living process of task i, or 0.
//! 2. A warm process runs nothing but its task's code, and only with the turn.
//!
//! When a warm process dies, it is forked anew before the next execution.

use super::burial;
use crate::engine::Model;
use crate::engine::crowd::Crowd;
use crate::kernel::{Checked, Kernel, Role, State, current, depart, enter, forget_handlers, panic};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getppid};
use selvedge::process::{Passport, passport, restart_numbering};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// What the threads of one process have in common: who that process is.
#[derive(Default)]
struct Household(Mutex<(u32, Option<Passport>)>);

impl Household {
    /// In a thread that begins its part of this execution: the first to do so finds out anew
    /// who the process is, so that names count from the start, and the others are told.
    fn join(&self, epoch: u32) {
        restart_numbering();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != epoch {
            *known = (epoch, None);
        }
        known.1.get_or_insert_with(passport::<Checked>).belong();
    }
}

/// The processes that stand by.
pub(super) struct Troupe<'m> {
    model: &'m dyn Model,
    kernel: *mut Kernel,
    pids: Vec<u32>,
}

impl<'m> Troupe<'m> {
    pub(super) fn new(model: &'m dyn Model, kernel: *mut Kernel) -> Troupe<'m> {
        Troupe { model, kernel, pids: vec![0; model.tasks()] }
    }

    #[allow(clippy::mut_from_ref, reason = "the kernel belongs to whoever holds the turn")]
    fn kernel(&self) -> &mut Kernel {
        // SAFETY: the engine's arena outlives its troupe; the controller has the turn.
        unsafe { &mut *self.kernel }
    }

    /// Sees to it that every task has a process.
    pub(super) fn assemble(&mut self, state: *mut u8) -> nix::Result<()> {
        let mut host = None;
        for task in 0..self.pids.len() {
            let process = match self.model.role(task) {
                Role::Process => task,
                Role::Thread => *host.get_or_insert(task),
            };
            if self.pids[process] == 0 {
                if self.model.dynamic() {
                    self.kernel().give_in_advance(task);
                }
                self.pids[process] = self.start(process, state)?;
            }
            // Whoever was just forked may run: no other part of the kernel is ours now.
            self.kernel().task(task).pid.store(self.pids[process], Ordering::Relaxed);
        }
        Ok(())
    }

    fn start(&self, task: usize, state: *mut u8) -> nix::Result<u32> {
        // SAFETY: the controller has one thread; the child runs only its task.
        match unsafe { fork()? } {
            ForkResult::Parent { child } => Ok(child.as_raw() as u32),
            ForkResult::Child => self.live(task, state),
        }
    }

    /// The life of a task's process.
    fn live(&self, task: usize, state: *mut u8) -> ! {
        let controller = self.kernel().controller_pid;
        let _ = prctl::set_pdeathsig(Signal::SIGKILL);
        if getppid() != Pid::from_raw(controller as i32) {
            selvedge::sys::process::exit_now(0);
        }
        if self.model.role(task) == Role::Thread {
            self.host(task, state);
        }
        self.attach();
        if self.model.dynamic() {
            // It has the turn, and the controller may not have come to this yet.
            self.kernel().task(task).pid.store(selvedge::sys::process::id(), Ordering::Relaxed);
        }
        loop {
            self.kernel().await_turn(task);
            // A main task has the numbering of its controller, where there are no processes.
            if !self.model.dynamic() {
                restart_numbering();
            }
            // SAFETY: the turn was given to this task, and its state was set up.
            unsafe { enter(self.kernel, task, || self.perform(state, task)) };
            forget_handlers();
            selvedge::sys::output::flush();
            let code = self.kernel().task(task).status;
            depart(self.kernel());
            if self.model.dynamic() {
                selvedge::sys::process::exit_group(code);
            }
            if self.kernel().tasks as usize > self.pids.len() {
                // Children that the program started here and did not join.
                while waitpid(None, Some(WaitPidFlag::WNOHANG))
                    .is_ok_and(|status| status != WaitStatus::StillAlive)
                {}
            }
        }
    }

    fn perform(&self, state: *mut u8, task: usize) -> i32 {
        // A process that was forked for this execution has that of its controller.
        let _crowd = if self.model.dynamic() { None } else { Crowd::gather(self.kernel().plan.crowd) };
        // SAFETY: the engine initialised the state for this execution.
        unsafe { self.model.run(state, task) };
        0
    }

    /// Makes this thread one that runs tasks.
    fn attach(&self) {
        current::set(self.kernel);
        panic::capture(&raw mut self.kernel().note);
    }

    /// The process in which all thread tasks live, each in a thread of its own.
    fn host(&self, first: usize, state: *mut u8) -> ! {
        struct Seat<'t>(&'t Troupe<'t>, *mut u8);
        // SAFETY: the pointers are to the arena, which every thread may use while it
        // has the turn; the model is `Sync`.
        unsafe impl Sync for Seat<'_> {}
        let seat = Seat(self, state);
        let household = Household::default();
        std::thread::scope(|scope| {
            let (seat, household) = (&seat, &household);
            for task in (first..self.pids.len()).filter(|&task| self.model.role(task) == Role::Thread) {
                let name = self.model.task_name(task);
                let started = std::thread::Builder::new().name(name).spawn_scoped(scope, move || {
                    let Seat(troupe, state) = *seat;
                    troupe.attach();
                    loop {
                        troupe.kernel().await_turn(task);
                        household.join(troupe.kernel().epoch());
                        // SAFETY: the turn was given to this task.
                        unsafe { enter(troupe.kernel, task, || troupe.perform(state, task)) };
                        forget_handlers();
                        depart(troupe.kernel());
                    }
                });
                if started.is_err() {
                    selvedge::sys::process::exit_now(70);
                }
            }
        });
        selvedge::sys::process::exit_now(0)
    }

    pub(super) fn is_dead(&self, process: usize) -> bool {
        self.pids[process] == 0 || burial::status_if_dead(self.pids[process]).is_some()
    }

    /// Ends the process of a task.
    pub(super) fn dismiss(&mut self, process: usize) {
        let pid = std::mem::replace(&mut self.pids[process], 0);
        burial::kill_and_bury(pid);
        if pid != 0 {
            let _ = waitpid(Pid::from_raw(pid as i32), None);
        }
    }

    /// After an execution: forgets and reaps who is gone.
    pub(super) fn rest(&mut self) {
        if self.model.dynamic() {
            self.pids.fill(0);
            burial::reap_all();
        } else if self.kernel().has_vanished() || self.kernel().ending().0 != crate::kernel::End::Finished {
            for process in 0..self.pids.len() {
                let leaves = self.is_leaving(process);
                if self.pids[process] != 0 && (leaves || self.is_dead(process)) {
                    self.dismiss(process);
                }
            }
        }
    }

    /// Whether a task of a warm process ended on the spot: then the process is on its way
    /// out, even if it is not dead yet, or a thread that should be gone still lies in it.
    fn is_leaving(&self, process: usize) -> bool {
        let kernel = self.kernel();
        (0..kernel.tasks as usize).any(|index| {
            let task = kernel.task(index);
            let inside = index == process || task.role == Role::Thread;
            inside && task.state == State::Vanished && task.process as usize == process
        })
    }

    /// Ends everybody.
    pub(super) fn disband(&mut self) {
        (0..self.pids.len()).for_each(|process| self.dismiss(process));
        burial::reap_all();
    }
}
