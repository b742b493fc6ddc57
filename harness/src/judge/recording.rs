//! Everything that happened in one execution, as owned data.
//!
//! Taken from the kernel after an execution whose plan asked for a record. Names of
//! objects are resolved here, because only now are their addresses still known;
//! numbers of objects follow the order in which the tasks first touched them, so
//! that two engines with different addresses give equal recordings.

use super::namer::Namer;
use super::verdict::{Place, Verdict};
use crate::engine::Executor;
use crate::kernel::{Choice, Outcome, Role, State};
use rustc_hash::FxHasher;
use selvedge::platform::Kind;
use serde::{Deserialize, Serialize};
use std::hash::{Hash, Hasher};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// The task that took it.
    pub task: usize,
    /// With what outcome.
    pub outcome: Outcome,
    /// What the operation does.
    pub kind: Kind,
    /// The operation's name.
    pub name: String,
    /// Index of its object in [`Recording::objects`].
    pub object: Option<usize>,
    /// Index of its second object.
    pub also: Option<usize>,
    /// Where it was called.
    pub place: Place,
    /// It was called in the library, on behalf of that line.
    #[serde(default)]
    pub inside: bool,
    /// The number it came out with; `None` if it never came to its end.
    pub value: Option<u64>,
    /// The number of the part of its object that it was about, such as the key of an entry.
    #[serde(default)]
    pub part: Option<u64>,
}

/// An object that operations acted on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Object {
    /// Its name, or one made from what was done to it.
    pub name: String,
    /// It is the end of this task.
    pub task: Option<usize>,
}

/// An operation that a task stood before when the execution ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pending {
    /// What the operation does.
    pub kind: Kind,
    /// The operation's name.
    pub name: String,
    /// Index of its object in [`Recording::objects`].
    pub object: Option<usize>,
    /// Where it was called.
    pub place: Place,
    /// It was called in the library, on behalf of that line.
    #[serde(default)]
    pub inside: bool,
    /// It could have gone on.
    pub enabled: bool,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaskRecord {
    /// Its name.
    pub name: String,
    /// Process or thread.
    pub role: Role,
    /// How it ended: an exit code, or minus a signal; `None` if it did not end.
    pub status: Option<i32>,
    /// What it stood before.
    pub pending: Option<Pending>,
    /// It is a part of the library, as a manager's server, and not of the program.
    #[serde(default)]
    pub helps: bool,
}

/// One execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The tasks, by number.
    pub tasks: Vec<TaskRecord>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The objects, in the order in which they were first touched.
    pub objects: Vec<Object>,
    /// The choices.
    pub schedule: Vec<Choice>,
    /// The steps after which another task went on although their own could have, from 0.
    #[serde(default)]
    pub preemptions: Vec<usize>,
    /// How it ended.
    pub verdict: Verdict,
    /// The program's label for the outcome; empty if it has none.
    pub label: String,
}

impl Recording {
    /// A hash of the trace: two executions with equal traces have equal hashes.
    pub fn trace_hash(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.steps.hash(&mut hasher);
        self.label.hash(&mut hasher);
        hasher.finish()
    }

    /// How often another task went on than before.
    pub fn switches(&self) -> usize {
        crate::kernel::switches(&self.schedule)
    }

    /// The name of a task; its number if it has none.
    pub fn task_name(&self, task: usize) -> String {
        self.tasks.get(task).map_or_else(|| format!("task {task}"), |record| record.name.clone())
    }
}

/// The record of the execution that `executor` just ran.
pub(crate) fn record(executor: &mut dyn Executor, verdict: Verdict, label: String) -> Recording {
    record_with_homes(executor, verdict, label).0
}

/// The same, and where each object lies in the memory that all tasks share.
pub(super) fn record_with_homes(
    executor: &mut dyn Executor,
    verdict: Verdict,
    label: String,
) -> (Recording, Vec<Option<usize>>) {
    let tasks = tasks(executor);
    let (kernel, mut namer) = Namer::of(executor, &tasks);
    let mut steps = Vec::with_capacity(kernel.events().len());
    for (index, event) in kernel.events().iter().enumerate() {
        let [object, also] = namer.objects_of(index, event);
        steps.push(Step {
            task: event.choice.task(),
            outcome: event.choice.outcome(),
            kind: event.kind,
            name: event.name.to_owned(),
            object,
            also,
            place: namer.place(event.site).clone(),
            inside: event.inside,
            value: event.done.then_some(event.value),
            part: event.part,
        });
    }
    let stands = |(index, task): (usize, &TaskRecord)| {
        let slot = kernel.as_it_stood(index);
        let op = slot.op;
        task.status.is_none().then(|| Pending {
            kind: op.kind,
            name: op.name.to_owned(),
            object: namer.object_before(index),
            place: namer.place(slot.site()).clone(),
            inside: slot.is_inside(),
            enabled: kernel.could_go_on(index),
        })
    };
    let pending: Vec<Option<Pending>> = tasks.iter().enumerate().map(stands).collect();
    let (objects, homes) = namer.into_objects();
    let schedule = kernel.schedule().to_vec();
    let preemptions = if kernel.plan.logs() { kernel.preemptions() } else { Vec::new() };
    let tasks =
        tasks.into_iter().zip(pending).map(|(task, pending)| TaskRecord { pending, ..task }).collect();
    (Recording { tasks, steps, objects, schedule, preemptions, verdict, label }, homes)
}

/// The tasks of the execution that `executor` just ran, without what they stand before.
pub(super) fn tasks(executor: &mut dyn Executor) -> Vec<TaskRecord> {
    let fixed = executor.model().tasks();
    let fixed: Vec<String> = (0..fixed).map(|task| executor.model().task_name(task)).collect();
    let kernel = &*executor.kernel();
    let record = |index: usize| {
        let task = kernel.as_it_stood(index);
        let given = task.name.as_str();
        let unnamed = || if given.is_empty() { format!("task {index}") } else { given.to_owned() };
        let name = fixed.get(index).cloned().unwrap_or_else(unnamed);
        let ended = matches!(task.state, State::Ended | State::Vanished) && kernel.was_ended(index);
        TaskRecord {
            name,
            role: task.role,
            status: ended.then_some(task.status),
            pending: None,
            helps: task.helps,
        }
    };
    (0..kernel.tasks as usize).map(record).collect()
}
