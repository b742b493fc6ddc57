//! Things to be done at certain times, by whoever runs them.
//!
//! Called by programs; the counterpart of Python's `sched.scheduler`.
//!
//! | entry | when it is done |
//! |---|---|
//! | due | by the next look of a runner, in the order of time, priority, entering |
//! | not due | a runner sleeps until it is, or until an earlier one is entered |
//! | cancelled | never |
//!
//! 1. An entry is done at most once, however many run the agenda.
//! 2. The lock is not held while something is done: what is done may enter and cancel.
//!
//! When a task dies here while it does something, that entry was taken off before and is
//! lost. An agenda lives in one process and dies with it.

use crate::Error;
use crate::platform::{Native, Tasks};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

type Action = Box<dyn FnOnce() + Send>;

/// The name of an entry: what comes first in it comes first on the agenda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// When it is due: nanoseconds on the platform's clock (see [`now`]).
    pub time: u64,
    /// Of two that are due at the same time, the one with the lower number comes first.
    pub priority: i32,
    number: u64,
}

struct Plan {
    entered: u64,
    actions: BTreeMap<Entry, Action>,
}

/// A list of things to do, each at its time.
///
/// ```
/// use selvedge::platform::Native;
/// use selvedge::{Agenda, thread::now};
/// use std::sync::mpsc::channel;
///
/// let (agenda, (done, order)) = (Agenda::new(), channel());
/// let soon = now::<Native>() + 1_000_000;
/// for (time, name) in [(soon + 1_000_000, "second"), (soon, "first")] {
///     let done = done.clone();
///     agenda.enter_at(time, 1, move || done.send(name));
/// }
/// agenda.run();
/// assert_eq!(order.try_iter().collect::<Vec<_>>(), ["first", "second"]);
/// ```
pub struct Agenda<P: Tasks = Native> {
    plan: Mutex<Plan, P>,
    /// Notified when an entry was made that may be the next.
    entered: Condvar<P>,
}

/// The time on the platform's clock, in nanoseconds from an unnamed origin.
#[must_use]
pub fn now<P: Tasks>() -> u64 {
    P::now()
}

impl<P: Tasks> Agenda<P> {
    /// An agenda with nothing on it.
    #[must_use]
    pub fn new() -> Self {
        let plan = Plan { entered: 0, actions: BTreeMap::new() };
        Agenda { plan: Mutex::new(plan), entered: Condvar::new() }
    }

    #[track_caller]
    fn plan(&self) -> MutexGuard<'_, Plan, P> {
        // Nothing is done under the lock that could leave the plan half changed.
        self.plan.lock().unwrap_or_else(|error| error.into_inner())
    }

    /// Enters something to be done after `delay`.
    #[track_caller]
    pub fn enter<R>(
        &self,
        delay: Duration,
        priority: i32,
        action: impl FnOnce() -> R + Send + 'static,
    ) -> Entry {
        self.enter_at(P::deadline(delay), priority, action)
    }

    /// Enters something to be done at `time` (see [`now`]).
    #[doc(alias = "enterabs")]
    #[track_caller]
    pub fn enter_at<R>(
        &self,
        time: u64,
        priority: i32,
        action: impl FnOnce() -> R + Send + 'static,
    ) -> Entry {
        let mut plan = self.plan();
        plan.entered += 1;
        let entry = Entry { time, priority, number: plan.entered };
        plan.actions.insert(entry, Box::new(move || drop(action())));
        drop(plan);
        self.entered.notify_all();
        entry
    }

    /// Takes an entry off the agenda.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is not there: it was done, or cancelled before.
    #[track_caller]
    pub fn cancel(&self, entry: Entry) -> Result<(), Error> {
        let found = self.plan().actions.remove(&entry);
        self.entered.notify_all();
        found.map(drop).ok_or_else(|| Error::InvalidArgument {
            what: "the entry",
            given: format!("{entry:?}"),
            allowed: "one that was neither done nor cancelled".to_owned(),
        })
    }

    /// Whether nothing is left to do.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan().actions.is_empty()
    }

    /// What is left to do, in order.
    #[doc(alias = "queue")]
    #[track_caller]
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.plan().actions.keys().copied().collect()
    }

    /// Does everything on the agenda, each at its time, and returns when nothing is left.
    #[track_caller]
    pub fn run(&self) {
        let mut plan = self.plan();
        while let Some(&entry) = plan.actions.keys().next() {
            match entry.time.checked_sub(P::now()) {
                Some(left @ 1..) => {
                    let waited = self.entered.wait_timeout(plan, Duration::from_nanos(left));
                    plan = waited.unwrap_or_else(|error| error.into_inner()).0;
                }
                _ => {
                    let action = plan.actions.remove(&entry).expect("it was just there");
                    drop(plan);
                    action();
                    plan = self.plan();
                }
            }
        }
    }

    /// Does what is due and returns how long it is until the next entry is; `None` if
    /// there is none.
    #[track_caller]
    pub fn run_due(&self) -> Option<Duration> {
        loop {
            let mut plan = self.plan();
            let entry = *plan.actions.keys().next()?;
            if let Some(left @ 1..) = entry.time.checked_sub(P::now()) {
                return Some(Duration::from_nanos(left));
            }
            let action = plan.actions.remove(&entry).expect("it was just there");
            drop(plan);
            action();
        }
    }
}

impl<P: Tasks> Default for Agenda<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Tasks> fmt::Debug for Agenda<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agenda").field("entries", &self.entries()).finish()
    }
}
