//! Counters that an exploration's workers share, in threads or in processes.

use selvedge::{Shared, Value, shareable};
use std::sync::atomic::{AtomicU64, Ordering};

shareable! {
    /// What the workers have done so far.
    pub(crate) struct Counters {
        executions: Value<u64>,
        violations: Value<u64>,
        last: Last,
        /// Executions that workers with a common bound have begun, or wanted to.
        claimed: AtomicU64,
    }

    /// No worker need run an execution with a higher number. Apart from what is written all
    /// the time: each worker looks here often.
    #[repr(align(64))]
    pub(crate) struct Last { number: Value<u64> }
}

/// The progress of an exploration.
#[derive(Clone)]
pub(crate) struct Progress(Shared<Counters>);

impl Progress {
    pub(crate) fn new() -> Result<Progress, crate::Error> {
        let counters = Counters {
            executions: Value::new(0),
            violations: Value::new(0),
            last: Last { number: Value::new(u64::MAX) },
            claimed: AtomicU64::new(0),
        };
        Shared::try_new(counters).map(Progress).map_err(|error| crate::Error::Usage(error.to_string()))
    }

    pub(crate) fn executions(&self) -> u64 {
        self.0.executions.get()
    }

    pub(crate) fn violations(&self) -> u64 {
        self.0.violations.get()
    }

    pub(crate) fn add(&self, executions: u64, violations: u64) {
        self.0.executions.fetch_add(executions);
        self.0.violations.fetch_add(violations);
    }

    /// Whether one more execution may begin, of `most` that all workers may run together.
    /// Relaxed: the number says nothing about other memory.
    pub(crate) fn claim(&self, most: u64) -> bool {
        self.0.claimed.fetch_add(1, Ordering::Relaxed) < most
    }

    /// The highest execution that still matters.
    pub(crate) fn last(&self) -> u64 {
        self.0.last.number.get()
    }

    /// Executions after `index` no longer matter.
    pub(crate) fn stop_after(&self, index: u64) {
        let guard = self.0.last.number.lock();
        if index < guard.get() {
            guard.set(index);
        }
    }
}
