//! A declared program whose tasks are started as it runs, by a main task.
//!
//! Made by [`Program::main_spawns`](crate::Program::main_spawns): the same state, code,
//! laws and labels, but task 0 is a main task that starts the declared ones in their
//! order, one step each, and then joins them in the same order, one step each. So one
//! program shows what there being a main task changes.
//!
//! Task k of the declared program is task k + 1 here, unless a task starts others of its
//! own before the main task is done.
//!
//! When a started task dies here, the main task goes on as any parent does: the engine
//! has the finding already. Unscheduled, where nobody else would say so, the main task
//! ends with the code of the first that failed.

use super::{Model, Typed};
use crate::fault::Faults;
use crate::kernel::{Checked, Role, current};
use selvedge::platform::{Child, Tasks};
use selvedge::process::ExitStatus;
use selvedge::shm::Shareable;
use std::alloc::Layout;
use std::io;
use std::ops::Range;
use std::panic::Location;

/// A declared program that a main task starts.
pub(crate) struct Spawned<S> {
    program: Typed<S>,
    /// Where the program was made: the source line of the main task's steps.
    site: &'static Location<'static>,
}

/// A task that the main one has started.
enum Started {
    Process(<Checked as Tasks>::Process),
    Thread(<Checked as Tasks>::Thread),
}

/// The program's and the state's address, on their way into a task. No counted reference:
/// workers side by side would write to the count with every task that they start.
struct Place<S>(*const Typed<S>, *mut u8);

// SAFETY: the state lies in memory that all tasks of the program share, and they only
// get shared references to it; a state that several tasks use is a declared program's
// own promise. The program may be used by several threads.
unsafe impl<S: Shareable> Send for Place<S> {}

impl<S: Shareable> Spawned<S> {
    pub(crate) fn new(program: Typed<S>, site: &'static Location<'static>) -> Spawned<S> {
        Spawned { program, site }
    }

    /// Starts a declared task: one step.
    ///
    /// # Safety
    /// `state` is initialised, and it and this program stay until the task has ended.
    unsafe fn start(&self, state: *mut u8, task: usize) -> io::Result<Started> {
        let place = Place(&raw const self.program, state);
        let body = move || {
            // The whole of it, so that its promise holds and not that of its fields.
            let Place(program, state) = { place };
            // SAFETY: the caller's promise.
            unsafe { (*program).run(state, task) };
        };
        let name = self.program.task_name(task);
        match self.program.role(task) {
            Role::Process => {
                let body = move || {
                    body();
                    0
                };
                Checked::fork(&name, body, self.site).map(Started::Process)
            }
            Role::Thread => Checked::thread(&name, body, self.site).map(Started::Thread),
        }
    }

    /// Joins a started task: one step.
    fn join(&self, started: &Started) -> io::Result<Option<ExitStatus>> {
        match started {
            Started::Process(process) => process.wait(None, self.site),
            Started::Thread(thread) => thread.wait(None, self.site),
        }
    }
}

impl<S: Shareable> Model for Spawned<S> {
    fn tasks(&self) -> usize {
        1
    }

    fn task_name(&self, _: usize) -> String {
        "main".to_owned()
    }

    fn site(&self, _: usize) -> &'static Location<'static> {
        self.site
    }

    fn role(&self, _: usize) -> Role {
        Role::Process
    }

    fn dynamic(&self) -> bool {
        true
    }

    fn faults(&self) -> Faults {
        self.program.faults()
    }

    fn layout(&self) -> Layout {
        self.program.layout()
    }

    unsafe fn init(&self, state: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { self.program.init(state) };
    }

    unsafe fn run(&self, state: *mut u8, _: usize) {
        let scheduled = !current::get().is_null();
        let count = self.program.tasks();
        let mut started = Vec::with_capacity(count);
        for task in 0..count {
            // SAFETY: the caller's promise; the engine keeps the program and the state until
            // all tasks of the execution have ended.
            match unsafe { self.start(state, task) } {
                Ok(child) => started.push(child),
                Err(error) => panic!("{} could not be started: {error}", self.program.task_name(task)),
            }
        }
        for (task, child) in started.iter().enumerate() {
            match self.join(child) {
                Ok(Some(status)) if !scheduled && !status.success() => {
                    Checked::exit(status.code().unwrap_or(selvedge::sys::process::PANIC_CODE))
                }
                Ok(_) => {}
                Err(error) => panic!("{} could not be joined: {error}", self.program.task_name(task)),
            }
        }
    }

    unsafe fn finish(&self, state: *mut u8, label: &mut String) {
        // SAFETY: the caller's promise.
        unsafe { self.program.finish(state, label) };
    }

    unsafe fn discard(&self, state: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { self.program.discard(state) };
    }

    fn ranges(&self, state: *mut u8) -> Vec<(Range<usize>, String)> {
        self.program.ranges(state)
    }
}
