//! A generated program: parameters, and for each task its operations.

use super::tried::Tried;
use crate::spec::Specification;
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt;

/// The most tasks of a program.
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

/// Programs of 2 to 4 tasks of up to 6 operations. What fails is made smaller: tasks are left
/// out, then operations, then those that are left become simpler.
pub fn programs<T: Tried>() -> impl Strategy<Value = Generated<T::Spec>> {
    let tasks = vec(vec(T::ops(), 1..=OPERATIONS), 2..=TASKS);
    (T::setups(), tasks).prop_map(|(setup, tasks)| Generated { setup: setup.fit(tasks.len()), tasks })
}

impl<S: Specification> fmt::Display for Generated<S> {
    /// As a program would be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "    let it = {};", self.setup.declaration())?;
        for (number, ops) in self.tasks.iter().enumerate() {
            let calls: Vec<_> = ops.iter().map(|op| format!("it.{};", self.setup.call(op))).collect();
            write!(f, "\n    task {number}: {}", calls.join(" "))?;
        }
        Ok(())
    }
}
