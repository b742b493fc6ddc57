//! Generated programs over what a main task makes and hands out to the tasks that it starts:
//! ends of pipes, lists that have a name, pools.
//!
//! Called by [`Tried`](super::Tried).
//!
//! 1. Every operation is recorded, also those by which a task puts down what it holds.
//! 2. The main task judges after all others have ended. That somebody waits for ever is a
//!    deadlock, and a finding whatever the specification says: programs of these must end.
//!
//! When a process dies here, its operation may have taken effect before, or never; what its
//! death does to the object, the specification says.

use super::generated::Generated;
use super::run::{ROOM, demand};
use super::subject::Generate;
use crate::spec::{Judge, Specification, Task};
use proptest::strategy::BoxedStrategy;
use selvedge_harness::Recorder;
use selvedge_harness::prelude::{Process, Shared, thread};
use selvedge_harness::program::AnyProgram;
use std::sync::Arc;

type Op<T> = <<T as Handed>::Spec as Specification>::Op;
type Ret<T> = <<T as Handed>::Spec as Specification>::Ret;
type History<T> = Recorder<Op<T>, Ret<T>, ROOM>;

/// Who does what a program says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tasks {
    /// A process each.
    Processes,
    /// A thread each, of the main task's process.
    Threads,
}

/// Something that claims to do what a specification says, in parts.
pub trait Handed: 'static {
    /// What it claims to do.
    type Spec: Generate;
    /// What one task gets.
    type End: Send + 'static;
    /// What the main task keeps.
    type Rest;

    /// Who does what a program says.
    const TASKS: Tasks;

    /// The parameters with which it is tried.
    fn setups() -> BoxedStrategy<Self::Spec>;

    /// How many tasks making it starts.
    fn own_tasks(setup: &Self::Spec) -> usize {
        let _ = setup;
        0
    }

    /// The object that `setup` describes: an end for each of `tasks` tasks. They are started
    /// from the last to the first.
    fn new(setup: &Self::Spec, tasks: usize) -> (Vec<Self::End>, Self::Rest);

    /// Does `op` for task `me`.
    fn perform(end: &mut Self::End, me: Task, op: &Op<Self>) -> Ret<Self>;

    /// What a task does before it ends, again and again until there is nothing.
    fn closing(end: &Self::End) -> Option<Op<Self>>;

    /// What the main task does when all have ended.
    fn over(rest: Self::Rest) {
        drop(rest);
    }
}

/// The program.
pub(super) fn apart<T: Handed>(generated: &Generated<T::Spec>) -> AnyProgram {
    let (setup, ops) = (generated.setup.clone(), Arc::new(generated.tasks.clone()));
    let model = Judge(setup.clone());
    AnyProgram::dynamic(move || {
        let history: Shared<History<T>> = Shared::new(Recorder::new());
        let (ends, rest) = T::new(&setup, ops.len());
        let mut running = Vec::new();
        for (me, mut end) in ends.into_iter().enumerate().rev() {
            let (history, ops) = (history.clone(), Arc::clone(&ops));
            let body = move || work::<T>(&history, &mut end, me, &ops[me]);
            match T::TASKS {
                Tasks::Processes => running.push(Running::Process(Process::spawn(body))),
                Tasks::Threads => running.push(Running::Thread(thread::spawn(body))),
            }
        }
        running.into_iter().for_each(Running::join);
        T::over(rest);
        // The main task is 0, then come the object's own, then these, the last one first.
        let first = 1 + T::own_tasks(&setup);
        let who = |client: usize| (first + ops.len()).saturating_sub(client + 1);
        demand(&model, &history, &who, false);
    })
}

/// A task that was started.
enum Running {
    Process(Process),
    Thread(thread::JoinHandle<()>),
}

impl Running {
    /// Waits for its end, whatever that is.
    fn join(self) {
        match self {
            Running::Process(process) => _ = process.join(),
            Running::Thread(thread) => _ = thread.join(),
        }
    }
}

/// What one task does.
fn work<T: Handed>(history: &History<T>, end: &mut T::End, me: usize, ops: &[Op<T>]) {
    for op in ops {
        history.call(op.clone(), || T::perform(end, me as Task, op));
    }
    while let Some(op) = T::closing(end) {
        history.call(op.clone(), || T::perform(end, me as Task, &op));
    }
}
