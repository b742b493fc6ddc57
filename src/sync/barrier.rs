//! A place where tasks wait for each other.
//!
//! Called by programs whose tasks work in phases, or are to begin at the same time.
//!
//! | state | `wait`, others missing | `wait`, as the last | `abort` | `reset` |
//! |---|---|---|---|---|
//! | whole | waits | does the action, releases all | breaks it | those who wait are told that it was broken |
//! | broken | error | error | nothing | whole again, and empty |
//!
//! 1. Of each generation all pass or none does, and nobody passes before all have come.
//! 2. The action is done by exactly one task, the last, before anybody passes. If it
//!    panics, the barrier is broken.
//! 3. Who waits in vain until its deadline breaks the barrier, as in Python: the others
//!    could wait for ever. The time that an action takes counts for nobody's deadline.
//! 4. Parties are a number, not certain tasks: any task may come.
//!
//! Orderings: what a task did before it came is seen by all who pass.
//!
//! When a process dies here, at whatever instruction: a task that is killed while it waits
//! is not counted any more, and the others wait on until somebody comes in its place; one
//! that is killed in the action is replaced by the next to come, who does it anew. The table
//! in [`RawBarrier`] goes through all cases. Nobody is told of a death: who has nobody to
//! come in the place of the dead waits with a deadline, or calls [`abort`](Barrier::abort)
//! when it learns of it.

use crate::Error;
use crate::platform::{Native, Robust, Site, Tasks};
use crate::raw::{Arrival, BarrierError, Patience, RawBarrier};
use crate::shm::Shareable;
use std::fmt;
use std::time::Duration;

/// A place where a number of tasks wait until all of them are there.
///
/// ```
/// use selvedge::{Barrier, Process, Shared};
///
/// let start = Shared::new(Barrier::new(3));
/// let racers: Vec<_> = (0..2)
///     .map(|_| Process::spawn({ let start = start.clone(); move || start.wait().is_ok() }))
///     .collect();
/// let mine = start.wait()?;
/// assert!(mine.index() < 3);
/// racers.iter().try_for_each(|racer| racer.join().map(drop))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(C)]
pub struct Barrier<P: Robust = Native> {
    raw: RawBarrier<P>,
}

// SAFETY: it is its words.
unsafe impl<P: Tasks> Shareable for Barrier<P> {}

/// What a task that has passed a barrier knows of its place among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    index: u32,
    leader: bool,
}

impl BarrierWaitResult {
    /// A number from 0 to the number of parties less one, which no other task has that
    /// passed at the same time.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// Whether this task came last and did the action: true for exactly one.
    #[must_use]
    pub fn is_leader(self) -> bool {
        self.leader
    }
}

/// What waiting at a barrier comes to.
type Waited = Result<BarrierWaitResult, BarrierError>;

impl<P: Robust> Barrier<P> {
    /// The most parties there can be.
    pub const PARTIES: u32 = RawBarrier::<P>::PARTIES;

    /// A barrier for `parties` tasks.
    ///
    /// # Panics
    /// If that is 0, or more than [`PARTIES`](Self::PARTIES); see [`try_new`](Self::try_new).
    #[track_caller]
    #[must_use]
    pub fn new(parties: u32) -> Self {
        match Self::try_new(parties) {
            Ok(barrier) => barrier,
            Err(error) => panic!("{error}"),
        }
    }

    /// A barrier for `parties` tasks.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if that is 0, or more than [`PARTIES`](Self::PARTIES).
    #[track_caller]
    pub fn try_new(parties: u32) -> Result<Self, Error> {
        P::made("Barrier");
        match RawBarrier::new(parties) {
            Some(raw) => Ok(Barrier { raw }),
            None => Err(Error::InvalidArgument {
                what: "the number of parties of a barrier",
                given: parties.to_string(),
                allowed: format!("from 1 to {}", Self::PARTIES),
            }),
        }
    }

    /// Waits until all are here.
    ///
    /// # Errors
    /// [`BarrierError::Broken`] if the barrier is broken, or breaks.
    #[track_caller]
    #[inline]
    pub fn wait(&self) -> Waited {
        self.pass(Patience::Forever, P::Site::here(), || ())
    }

    /// Waits until all are here; the last one does its `action` before anybody passes. If
    /// that panics, the barrier is broken.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    #[doc(alias = "action")]
    #[track_caller]
    pub fn wait_with(&self, action: impl FnOnce()) -> Waited {
        self.pass(Patience::Forever, P::Site::here(), action)
    }

    /// As [`wait`](Self::wait), but not much longer than `timeout`: then the barrier is
    /// broken.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), and [`BarrierError::Broken`] if it took longer.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Waited {
        self.pass(Patience::Until(P::deadline(timeout)), P::Site::here(), || ())
    }

    /// As [`wait_with`](Self::wait_with), but no longer than until `deadline` (nanoseconds
    /// on the platform's clock): then the barrier is broken.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), and [`BarrierError::Broken`] if it passed.
    #[track_caller]
    pub fn wait_until_with(&self, deadline: u64, action: impl FnOnce()) -> Waited {
        self.pass(Patience::Until(deadline), P::Site::here(), action)
    }

    /// Passes if all others wait already; otherwise, and also if somebody else comes at this
    /// very moment or does the action, nothing happens.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), and [`BarrierError::WouldBlock`] if others are missing.
    #[track_caller]
    pub fn try_wait(&self) -> Waited {
        self.pass(Patience::Never, P::Site::here(), || ())
    }

    /// Breaks the barrier: all who wait, and all who come, get an error, until it is reset.
    #[track_caller]
    pub fn abort(&self) {
        self.raw.abort(P::Site::here());
    }

    /// Makes the barrier whole and empty. Those who wait get an error.
    #[track_caller]
    pub fn reset(&self) {
        self.raw.reset(P::Site::here());
    }

    /// Whether it is broken at this moment.
    #[doc(alias = "broken")]
    #[track_caller]
    pub fn is_broken(&self) -> bool {
        self.raw.is_broken(P::Site::here())
    }

    /// How many tasks it waits for.
    pub fn parties(&self) -> u32 {
        self.raw.parties()
    }

    /// How many of them wait at this moment.
    #[doc(alias = "n_waiting")]
    #[track_caller]
    pub fn waiting(&self) -> u32 {
        self.raw.waiting(P::Site::here())
    }

    fn pass(&self, patience: Patience, site: P::Site, action: impl FnOnce()) -> Waited {
        match self.raw.arrive(patience, site)? {
            Arrival::Early { seen, slot } => {
                self.raw.wait(seen, slot, patience, site)?;
                Ok(BarrierWaitResult { index: slot as u32, leader: false })
            }
            Arrival::Last { seen } => {
                let unfinished = Unfinished { raw: &self.raw, site };
                action();
                std::mem::forget(unfinished);
                self.raw.release(seen, site)?;
                Ok(BarrierWaitResult { index: self.parties() - 1, leader: true })
            }
        }
    }
}

/// Breaks the barrier if the action panics.
struct Unfinished<'a, P: Robust> {
    raw: &'a RawBarrier<P>,
    site: P::Site,
}

impl<P: Robust> Drop for Unfinished<'_, P> {
    fn drop(&mut self) {
        self.raw.fail(self.site);
    }
}

impl<P: Robust> fmt::Debug for Barrier<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (waiting, parties) = (self.waiting(), self.parties());
        let broken = if self.is_broken() { ", broken" } else { "" };
        write!(f, "Barrier({waiting}/{parties}{broken})")
    }
}
