//! A generated program: parameters, and for each task its operations.

use crate::spec::Specification;
use std::fmt;

/// The most tasks of a program, unless its object has room for fewer.
pub const TASKS: usize = 4;
/// The most operations of a task, not counting what it does before it ends.
pub const OPERATIONS: usize = 6;

/// A program over one object.
#[derive(Clone, Debug)]
pub struct Generated<S: Specification> {
    /// The object.
    pub setup: S,
    /// What each task does.
    pub tasks: Vec<Vec<S::Op>>,
}

/// What can be left out of a program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Task(usize),
    /// Of this task, the operation at this place.
    Operation(usize, usize),
}

impl Part {
    pub(super) fn leave_out_of<V>(self, tasks: &mut Vec<Vec<V>>) {
        match self {
            Part::Task(task) => drop(tasks.remove(task)),
            Part::Operation(task, at) => drop(tasks[task].remove(at)),
        }
    }
}

impl<S: Specification> Generated<S> {
    /// Each program that is this one without one of its tasks, or without one operation. A task
    /// that is left without operations is still one; a program has at least one.
    pub fn smaller(&self) -> impl Iterator<Item = Generated<S>> {
        let parts = self.whole_tasks().chain(self.single_operations());
        parts.map(|part| self.without(part)).filter(|smaller| !smaller.tasks.is_empty())
    }

    pub(super) fn whole_tasks(&self) -> impl Iterator<Item = Part> + use<S> {
        (0..self.tasks.len()).map(Part::Task)
    }

    pub(super) fn single_operations(&self) -> impl Iterator<Item = Part> {
        let tasks = self.tasks.iter().enumerate();
        tasks.flat_map(|(task, ops)| (0..ops.len()).map(move |at| Part::Operation(task, at)))
    }

    pub(super) fn without(&self, part: Part) -> Generated<S> {
        let mut tasks = self.tasks.clone();
        part.leave_out_of(&mut tasks);
        let setup = self.setup.clone();
        // There are no parameters for no task.
        Generated { setup: if tasks.is_empty() { setup } else { setup.fit(tasks.len()) }, tasks }
    }
}

impl<S: Specification> fmt::Display for Generated<S> {
    /// As a program would be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "    let it = {};", self.setup.declaration())?;
        for (number, ops) in self.tasks.iter().enumerate() {
            write!(f, "\n    task {number}:")?;
            if ops.is_empty() {
                write!(f, " ends at once")?;
            }
            ops.iter().try_for_each(|op| write!(f, " it.{};", self.setup.call(op)))?;
        }
        Ok(())
    }
}
