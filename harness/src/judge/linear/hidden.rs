//! Operations that nobody need ever see: each replaces all there was, and another one that
//! does so can stand right behind it.
//!
//! Used by `wgl`. Of many writes at a time most are never read. Where a write is placed, every
//! write that runs then and is not placed yet can be taken to stand right before it, where it
//! does nothing: it is *covered*. From then on it is placed only where what follows needs it,
//! like an operation that never returned, and is *hidden* if the search comes to its return
//! first. So the search branches over the writes that are read, not over all of them.
//!
//! 1. Everything that ended before a covered entry was called is placed before what covers it:
//!    that was called when the first return that was not placed took place.
//! 2. What covers an entry comes before everything that was called after the entry's end: at
//!    that end the entry is hidden or placed.
//! 3. Nothing is covered where a kill bounds an operation that did not return: that could have
//!    to come before.
//!
//! By 1 and 2 a hidden entry fits in right before the last one that covers it.

use super::model::Model;
use super::part::{NEVER, Part};
use super::rules::{Rule, Rules};
use super::states::States;

/// What a search does with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// It comes next in the order.
    Place(u32),
    /// It stands right before the last one that covers it.
    Hide(u32),
}

impl Move {
    pub(super) fn entry(self) -> u32 {
        let (Move::Place(entry) | Move::Hide(entry)) = self;
        entry
    }
}

/// Which entries replace all there was; none if nothing may be hidden.
pub(super) struct Hidden {
    replaces: Vec<bool>,
}

impl Hidden {
    pub(super) fn new<M: Model>(
        part: &Part<'_, M::Op, M::Ret>,
        states: &States<'_, M>,
        classes: &[u32],
        rules: Rules,
    ) -> Hidden {
        let unbounded = part.ends[part.done..].iter().all(|&end| end == NEVER);
        let mut replaces: Vec<bool> = classes.iter().map(|&class| states.replaces(class)).collect();
        if !rules.has(Rule::Hidden) || !unbounded || !replaces.contains(&true) {
            replaces.clear();
        }
        Hidden { replaces }
    }

    /// Whether an entry replaces all there was.
    pub(super) fn replaces(&self, entry: u32) -> bool {
        self.replaces.get(entry as usize).is_some_and(|&replaces| replaces)
    }

    /// Words for the open entries that are placed although they could be hidden.
    pub(super) fn words<O, R>(&self, part: &Part<'_, O, R>) -> usize {
        if self.replaces.is_empty() { 0 } else { part.widest.div_ceil(64) }
    }

    /// The latest call that is covered where `entry` is placed and `low` is the first return
    /// that is not; none if it covers nothing.
    pub(super) fn covered<O, R>(&self, part: &Part<'_, O, R>, low: u32, entry: u32) -> Option<u64> {
        self.replaces(entry).then(|| part.ends[low as usize])
    }

    /// Whether an entry that returned is covered.
    pub(super) fn can_hide<O, R>(&self, part: &Part<'_, O, R>, entry: u32, covered: Option<u64>) -> bool {
        covered.is_some_and(|covered| part.at(entry) <= covered)
            && (entry as usize) < part.done
            && self.replaces(entry)
    }

    /// The order with what was hidden in its place.
    pub(super) fn reveal(&self, moves: &[Move]) -> Vec<u32> {
        let mut order = Vec::with_capacity(moves.len());
        let mut last = 0;
        for &step in moves {
            match step {
                Move::Place(entry) => {
                    if self.replaces(entry) {
                        last = order.len();
                    }
                    order.push(entry);
                }
                Move::Hide(entry) => {
                    order.insert(last, entry);
                    last += 1;
                }
            }
        }
        order
    }
}
