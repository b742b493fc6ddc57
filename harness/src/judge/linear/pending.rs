//! Which of the operations that never returned is used first.
//!
//! Used by `wgl`. If one can do all that another can, and both would lead to the same
//! state now, the weaker one is used: should the solution use it later, the stronger one
//! can stand there instead. It must not end later than the stronger one, of course, if a
//! kill bounds it, and not be called after a time by which another pending one must be placed:
//! that one might have to stand between the two. Of equals, the one that was called first counts
//! as the weaker; of two classes that can do the same, the one that occurs first, so that none
//! of them waits for the other.
//!
//! 1. `places[p]` is the class of pending entry p, counted from the first pending one, as
//!    a place among all that occur.
//! 2. `covered[c]` are the pending entries of the classes that are weaker than that at
//!    place c, in order.
//! 3. `equal[p]` is the last entry of the class of p that was called before p, if any.

use super::model::Model;
use super::part::Part;
use super::rules::{Rule, Rules};
use super::states::States;

/// With more classes than this, only equals are found.
const CLASSES: usize = 256;

pub(super) struct Pending {
    places: Vec<usize>,
    covered: Vec<Vec<u32>>,
    equal: Vec<Option<u32>>,
}

impl Pending {
    pub(super) fn new<M: Model>(
        part: &Part<'_, M::Op, M::Ret>,
        states: &States<'_, M>,
        classes: &[u32],
        rules: Rules,
    ) -> Pending {
        let classes = &classes[part.done..];
        let mut distinct = classes.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let places: Vec<usize> =
            classes.iter().map(|class| distinct.partition_point(|other| other < class)).collect();
        let mut members = vec![Vec::new(); distinct.len()];
        let mut equal = Vec::new();
        for (entry, &place) in places.iter().enumerate() {
            equal.push(members[place].last().copied().filter(|_| rules.has(Rule::Weaker)));
            members[place].push(entry as u32);
        }
        let few = distinct.len() <= CLASSES && rules.has(Rule::Weaker);
        let covered = distinct.iter().map(|&class| {
            // Of two that cover each other, that of the lower number counts as the weaker.
            let is_weaker = |other: u32| {
                few && other != class
                    && states.covers(class, other)
                    && (other < class || !states.covers(other, class))
            };
            let weaker = distinct.iter().zip(&members).filter(|&(&other, _)| is_weaker(other));
            let mut entries: Vec<u32> = weaker.flat_map(|(_, members)| members.iter().copied()).collect();
            entries.sort_unstable();
            entries
        });
        Pending { covered: covered.collect(), places, equal }
    }

    /// The pending entries that should be used before `entry`, of the first `called`.
    pub(super) fn weaker(&self, entry: usize, called: usize) -> impl Iterator<Item = usize> {
        let covered = self.covered[self.places[entry]].iter().map(|&other| other as usize);
        let equal = self.equal[entry].map(|other| other as usize);
        covered.take_while(move |&other| other < called).chain(equal)
    }
}
