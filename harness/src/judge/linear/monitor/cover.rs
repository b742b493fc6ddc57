//! Which times are covered by open intervals.
//!
//! Used by the monitors; a time at which one interval ends and the next begins is free.
//!
//! 1. The intervals (from, to) do not overlap; two may touch.

use std::collections::BTreeMap;

/// A union of open intervals.
#[derive(Default)]
pub(super) struct Cover(BTreeMap<u64, u64>);

impl Cover {
    /// Covers the times between `from` and `to`, both left out.
    pub(super) fn add(&mut self, mut from: u64, mut to: u64) {
        if from >= to {
            return;
        }
        while let Some((&begin, &end)) = self.0.range(..to).next_back().filter(|(_, end)| from < **end) {
            from = from.min(begin);
            to = to.max(end);
            self.0.remove(&begin);
        }
        self.0.insert(from, to);
    }

    /// The first free time from `at` on.
    pub(super) fn first_free(&self, at: u64) -> u64 {
        match self.0.range(..at).next_back() {
            Some((_, &end)) if at < end => end,
            _ => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_touches_leaves_a_gap_and_what_overlaps_does_not() {
        let mut cover = Cover::default();
        cover.add(1, 3);
        cover.add(3, 5);
        cover.add(7, 7);
        assert_eq!([1, 2, 3, 4, 5, 7].map(|at| cover.first_free(at)), [1, 3, 3, 5, 5, 7]);
        cover.add(2, 4);
        assert_eq!([1, 2, 3, 4, 5].map(|at| cover.first_free(at)), [1, 5, 5, 5, 5]);
        cover.add(0, 9);
        assert_eq!([0, 1, 8, 9].map(|at| cover.first_free(at)), [0, 9, 9, 9]);
    }
}
