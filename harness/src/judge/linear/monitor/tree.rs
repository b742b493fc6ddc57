//! Numbers in a row, of which the first that is large enough in a range is found in
//! logarithmic time: a tournament.
//!
//! Used by `stack`.

use std::ops::Range;

/// Numbers by place, at first zero.
pub(super) struct Tree {
    leaves: usize,
    /// Node n is the larger of nodes 2n and 2n + 1; the leaves are the numbers.
    nodes: Vec<u64>,
}

impl Tree {
    pub(super) fn new(length: usize) -> Tree {
        let leaves = length.next_power_of_two();
        Tree { leaves, nodes: vec![0; 2 * leaves] }
    }

    /// Sets the number at `place`.
    pub(super) fn set(&mut self, place: usize, number: u64) {
        let mut node = self.leaves + place;
        self.nodes[node] = number;
        while node > 1 {
            node /= 2;
            self.nodes[node] = self.nodes[2 * node].max(self.nodes[2 * node + 1]);
        }
    }

    /// The largest number in `range`; zero if it is empty.
    pub(super) fn max(&self, range: Range<usize>) -> u64 {
        let (mut from, mut to, mut max) = (self.leaves + range.start, self.leaves + range.end, 0);
        while from < to {
            if from % 2 == 1 {
                max = max.max(self.nodes[from]);
                from += 1;
            }
            if to % 2 == 1 {
                to -= 1;
                max = max.max(self.nodes[to]);
            }
            (from, to) = (from / 2, to / 2);
        }
        max
    }

    /// The first place in `range` whose number is at least `bound`, which is not zero.
    pub(super) fn find(&self, range: Range<usize>, bound: u64) -> Option<usize> {
        self.find_below(1, 0..self.leaves, &range, bound)
    }

    fn find_below(
        &self,
        node: usize,
        under: Range<usize>,
        range: &Range<usize>,
        bound: u64,
    ) -> Option<usize> {
        if under.end <= range.start || range.end <= under.start || self.nodes[node] < bound {
            return None;
        }
        if under.len() == 1 {
            return Some(under.start);
        }
        let middle = (under.start + under.end) / 2;
        let left = self.find_below(2 * node, under.start..middle, range, bound);
        left.or_else(|| self.find_below(2 * node + 1, middle..under.end, range, bound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_large_enough_is_found() {
        let mut tree = Tree::new(5);
        [3, 1, 4, 1, 5].into_iter().enumerate().for_each(|(place, number)| tree.set(place, number));
        assert_eq!((tree.max(0..5), tree.max(1..4), tree.max(3..4), tree.max(2..2)), (5, 4, 1, 0));
        assert_eq!(tree.find(0..5, 4), Some(2));
        assert_eq!((tree.find(3..5, 4), tree.find(0..2, 4), tree.find(1..1, 1)), (Some(4), None, None));
        tree.set(2, 0);
        assert_eq!(tree.find(0..5, 4), Some(4));
    }
}
