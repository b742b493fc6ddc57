//! How many intervals cover each time, as they come and go.
//!
//! Used by `stack`. Times are places in a row; what is asked for is the first place in a
//! range that nothing covers.
//!
//! 1. The count of a place is the sum of `more` from its leaf to the root.
//! 2. `least[n]` is the least count under node n, without what lies above it.

use std::ops::Range;

/// Counts by place, at first zero.
pub(super) struct Coverage {
    places: usize,
    more: Vec<i32>,
    least: Vec<i32>,
}

impl Coverage {
    pub(super) fn new(places: usize) -> Coverage {
        let places = places.next_power_of_two();
        Coverage { places, more: vec![0; 2 * places], least: vec![0; 2 * places] }
    }

    /// Covers the places in `range` once more (or, with -1, once less).
    pub(super) fn add(&mut self, range: Range<usize>, more: i32) {
        self.add_below(1, 0..self.places, &range, more);
    }

    fn add_below(&mut self, node: usize, under: Range<usize>, range: &Range<usize>, more: i32) {
        if under.end <= range.start || range.end <= under.start {
            return;
        }
        if range.start <= under.start && under.end <= range.end {
            self.more[node] += more;
            self.least[node] += more;
            return;
        }
        let middle = (under.start + under.end) / 2;
        self.add_below(2 * node, under.start..middle, range, more);
        self.add_below(2 * node + 1, middle..under.end, range, more);
        self.least[node] = self.more[node] + self.least[2 * node].min(self.least[2 * node + 1]);
    }

    /// The first place in `range` that nothing covers.
    pub(super) fn first_free(&self, range: Range<usize>) -> Option<usize> {
        self.free_below(1, 0..self.places, &range, 0)
    }

    fn free_below(
        &self,
        node: usize,
        under: Range<usize>,
        range: &Range<usize>,
        above: i32,
    ) -> Option<usize> {
        let outside = under.end <= range.start || range.end <= under.start;
        if outside || above + self.least[node] > 0 {
            return None;
        }
        if under.len() == 1 {
            return Some(under.start);
        }
        let middle = (under.start + under.end) / 2;
        let above = above + self.more[node];
        let left = self.free_below(2 * node, under.start..middle, range, above);
        left.or_else(|| self.free_below(2 * node + 1, middle..under.end, range, above))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_covers_is_free() {
        let mut coverage = Coverage::new(10);
        coverage.add(0..4, 1);
        coverage.add(2..7, 1);
        assert_eq!((coverage.first_free(0..10), coverage.first_free(1..7)), (Some(7), None));
        coverage.add(0..4, -1);
        assert_eq!((coverage.first_free(0..10), coverage.first_free(2..10)), (Some(0), Some(7)));
        assert_eq!(coverage.first_free(3..3), None);
    }
}
