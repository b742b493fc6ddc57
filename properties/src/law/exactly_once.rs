//! Exactly-once tasks, and results in order: of pools, and of queues of work.
//!
//! When a worker is killed in the middle of a task, that task was begun, and not again.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// The law.
pub const EXACTLY_ONCE: Law = Law {
    name: "exactly-once tasks and results in order",
    sentence: "each task is done once, nothing else is, and its result stands where the task stood",
};

/// Tasks for which there is room.
const ROOM: usize = 64;

shareable! {
    /// How often each of up to 64 tasks was done.
    ///
    /// ```
    /// use selvedge_properties::law::Jobs;
    /// let jobs = Jobs::new();
    /// jobs.done(1);
    /// jobs.done(0);
    /// jobs.finished(2, [0, 1]);
    /// ```
    pub struct Jobs {
        done: [AtomicU32; ROOM],
    }
}

impl Jobs {
    /// Nothing was done.
    pub const fn new() -> Jobs {
        Jobs { done: [const { AtomicU32::new(0) }; ROOM] }
    }

    /// Task `number` is being done.
    ///
    /// # Panics
    /// If it was done before.
    #[track_caller]
    pub fn done(&self, number: usize) {
        let before = self.done[number].fetch_add(1, SeqCst);
        EXACTLY_ONCE.demand(before == 0, || format!("task {number} is done for time {}", before + 1));
    }

    /// At the end: the first `tasks` tasks were given, and these are the results, each
    /// the number of its task.
    ///
    /// # Panics
    /// If one was not done, another one was, or a result is not in its place.
    #[track_caller]
    pub fn finished(&self, tasks: usize, results: impl IntoIterator<Item = usize>) {
        let done: Vec<u32> = self.done.iter().map(|done| done.load(SeqCst)).collect();
        let (given, others) = done.split_at(tasks);
        EXACTLY_ONCE.demand(given.iter().all(|&done| done == 1), || format!("done so often: {given:?}"));
        let other = others.iter().position(|&done| done > 0).map(|other| tasks + other);
        EXACTLY_ONCE.demand(other.is_none(), || {
            format!("task {} was done, of {tasks} that were given", other.unwrap_or_default())
        });
        let results: Vec<usize> = results.into_iter().collect();
        EXACTLY_ONCE.demand(results.iter().copied().eq(0..tasks), || format!("the results are {results:?}"));
    }
}

impl Default for Jobs {
    fn default() -> Jobs {
        Jobs::new()
    }
}
