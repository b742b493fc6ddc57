//! Who waits for an object of a manager.
//!
//! Called by `server`.
//!
//! 1. Of each connection at most one request waits.
//! 2. Those that wait for an object are kept in the order in which they came.
//! 3. `deadlines` has one entry for each that waits not for ever.
//!
//! When a client dies, the server takes what it waited for out of here.

use super::state::{Method, Who};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A request that waits.
pub(super) struct Waiter {
    pub(super) peer: u64,
    pub(super) who: Who,
    pub(super) deadline: Option<u64>,
    pub(super) method: Method,
}

/// All requests that wait.
#[derive(Default)]
pub(super) struct Parked {
    by_object: BTreeMap<u64, VecDeque<Waiter>>,
    deadlines: BTreeSet<(u64, u64, u64)>,
}

impl Parked {
    pub(super) fn add(&mut self, object: u64, waiter: Waiter) {
        if let Some(deadline) = waiter.deadline {
            self.deadlines.insert((deadline, object, waiter.peer));
        }
        self.by_object.entry(object).or_default().push_back(waiter);
    }

    /// The one at this place of the queue of an object.
    pub(super) fn at(&mut self, object: u64, place: usize) -> Option<&mut Waiter> {
        self.by_object.get_mut(&object)?.get_mut(place)
    }

    /// Takes out the one at this place.
    pub(super) fn take(&mut self, object: u64, place: usize) -> Option<Waiter> {
        let queue = self.by_object.get_mut(&object)?;
        let waiter = queue.remove(place)?;
        if queue.is_empty() {
            self.by_object.remove(&object);
        }
        if let Some(deadline) = waiter.deadline {
            self.deadlines.remove(&(deadline, object, waiter.peer));
        }
        Some(waiter)
    }

    /// Takes out one whose peer this is, with its object.
    pub(super) fn take_of(&mut self, peer: u64) -> Option<(u64, Waiter)> {
        let mut found = self.by_object.iter().filter_map(|(object, queue)| {
            queue.iter().position(|waiter| waiter.peer == peer).map(|place| (*object, place))
        });
        let (object, place) = found.next()?;
        self.take(object, place).map(|waiter| (object, waiter))
    }

    /// When the first of them stops to wait.
    pub(super) fn earliest(&self) -> Option<u64> {
        self.deadlines.first().map(|(deadline, ..)| *deadline)
    }

    /// Takes out one whose deadline is not after `now`, with its object.
    pub(super) fn take_expired(&mut self, now: u64) -> Option<(u64, Waiter)> {
        let (deadline, _, peer) = *self.deadlines.first()?;
        if deadline > now { None } else { self.take_of(peer) }
    }
}
