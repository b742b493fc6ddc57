//! Which of the operations that never returned is used first.
//!
//! Used by `wgl`. If one can do all that another can, and both would lead to the same
//! state now, the weaker one is used: should the solution use it later, the stronger one
//! can stand there instead. It must not end later than the stronger one, of course, if a
//! kill bounds it. Of equals, the one that was called first counts as the weaker.
//!
//! 1. `weaker[p]` are pending entries, counted from the first pending one, in order.

use super::model::Model;
use super::part::Part;
use super::states::States;

/// With more classes than this, only equals are found.
const CLASSES: usize = 256;

pub(super) struct Pending {
    weaker: Vec<Vec<u32>>,
}

impl Pending {
    pub(super) fn new<M: Model>(
        part: &Part<'_, M::Op, M::Ret>,
        states: &States<'_, M>,
        classes: &[u32],
    ) -> Pending {
        let classes = &classes[part.done..];
        let mut distinct = classes.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let few = distinct.len() <= CLASSES;
        // For each class, the classes that are weaker; then their entries.
        let covered = |class: u32| {
            let weaker =
                distinct.iter().copied().filter(|&other| other != class && states.covers(class, other));
            if few { weaker.collect() } else { Vec::new() }
        };
        let covered: Vec<Vec<u32>> = distinct.iter().map(|&class| covered(class)).collect();
        let mut last_of_class = vec![None; distinct.len()];
        let weaker = classes
            .iter()
            .enumerate()
            .map(|(entry, class)| {
                let place = distinct.partition_point(|other| other < class);
                let equal = last_of_class[place].replace(entry as u32);
                let others = (0..classes.len() as u32)
                    .filter(|&other| covered[place].contains(&classes[other as usize]));
                let mut weaker: Vec<u32> =
                    if covered[place].is_empty() { Vec::new() } else { others.collect() };
                weaker.extend(equal);
                weaker.sort_unstable();
                weaker
            })
            .collect();
        Pending { weaker }
    }

    /// The pending entries that should be used before `entry`, of the first `called`.
    pub(super) fn weaker(&self, entry: usize, called: usize) -> impl Iterator<Item = usize> {
        let weaker = self.weaker[entry].iter().map(|&other| other as usize);
        weaker.take_while(move |&other| other < called)
    }
}
