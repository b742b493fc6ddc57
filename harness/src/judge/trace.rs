//! What two runs of one schedule are compared by: the record of the first, and which objects
//! those in it are.
//!
//! Called when a schedule is run again. A record numbers objects by the order in which they
//! were first touched, since addresses differ from engine to engine; so two runs that swap
//! two unnamed objects have equal records. Objects in the memory that all tasks share are
//! handed out in an order that the schedule decides: where they lie in it tells them apart.
//! Of other objects nothing but the number is known.

use super::difference::{Difference, difference_where};
use super::namer::Namer;
use super::recording::{Recording, record_with_homes, tasks};
use super::verdict::Verdict;
use crate::engine::Executor;

/// A record of an execution that can be compared with another run of its schedule.
pub(crate) struct Trace {
    pub(crate) recording: Recording,
    /// For each object where it lies in the shared memory; `None` elsewhere.
    homes: Vec<Option<usize>>,
}

impl Trace {
    /// Of the execution that `executor` just ran with a record.
    pub(crate) fn of(executor: &mut dyn Executor, verdict: Verdict, label: String) -> Trace {
        let (recording, homes) = record_with_homes(executor, verdict, label);
        Trace { recording, homes }
    }

    /// Whether the execution that `executor` just ran with a record is equal to this one:
    /// what [`difference`](Trace::difference) would say, without a record of its own.
    pub(crate) fn is_again(&self, executor: &mut dyn Executor, verdict: &Verdict, label: &str) -> bool {
        let first = &self.recording;
        let ends_alike = *verdict == first.verdict || verdict.is_like(&first.verdict);
        if !ends_alike || label != first.label || executor.kernel().events().len() != first.steps.len() {
            return false;
        }
        let tasks = tasks(executor);
        let (kernel, mut namer) = Namer::of(executor, &tasks);
        let same = kernel.events().iter().zip(&first.steps).enumerate().all(|(index, (event, step))| {
            (event.choice.task(), event.choice.outcome(), event.kind) == (step.task, step.outcome, step.kind)
                && event.done.then_some(event.value) == step.value
                && event.name == step.name
                && namer.objects_of(index, event) == [step.object, step.also]
                && *namer.place(event.site) == step.place
        });
        same && first.objects.starts_with(namer.objects()) && self.homes.starts_with(namer.homes())
    }

    /// Where another run of the same schedule parts from this one; `None` if they are equal.
    pub(crate) fn difference(&self, other: &Trace) -> Option<Difference> {
        let moved = |object: usize| self.homes.get(object) != other.homes.get(object);
        difference_where(&self.recording, &other.recording, moved)
    }
}
