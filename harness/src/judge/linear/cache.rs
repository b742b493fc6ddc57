//! Which configurations a search has visited (Lowe's cache).
//!
//! A configuration is a key (what has been placed for good, and the state) and a set of
//! optional operations that were used up. One that was left without success need not
//! be visited again, and neither need one with the same key that has used up more: it
//! can only do less.
//!
//! Keys and sets are stored as they are, not as hashes, so that a verdict never rests
//! on hashes that happen to be equal. Source: Lowe, Testing for linearizability,
//! Concurrency and Computation 2017; the second half is ours.
//!
//! 1. `table` holds the number of a key plus one, at the first free place from its hash.
//! 2. The sets of a key are a list: `heads` by key, `links` by set; the last has `END`.

use super::rules::{Rule, Rules};
use rustc_hash::FxHasher;
use std::hash::Hasher;

const END: u32 = u32::MAX;

/// The configurations that were visited.
pub(super) struct Cache {
    /// Words of a key, and of a set.
    widths: (usize, usize),
    /// What has used up more need not be visited.
    within: bool,
    table: Vec<u32>,
    keys: Vec<u64>,
    heads: Vec<u32>,
    sets: Vec<u64>,
    links: Vec<u32>,
}

impl Cache {
    /// One for keys and sets of so many words.
    pub(super) fn new(key: usize, set: usize, rules: Rules) -> Cache {
        Cache {
            widths: (key, set),
            within: rules.has(Rule::Within),
            table: vec![0; 64],
            keys: Vec::new(),
            heads: Vec::new(),
            sets: Vec::new(),
            links: Vec::new(),
        }
    }

    /// Whether the configuration must be visited; it then counts as visited.
    pub(super) fn visit(&mut self, key: &[u64], set: &[u64]) -> bool {
        debug_assert_eq!((key.len(), set.len()), self.widths);
        let place = self.place(key);
        let number = match self.table[place] {
            0 => self.insert(place, key),
            number => number - 1,
        };
        let mut at = self.heads[number as usize];
        while at != END {
            if self.is_within(at, set) {
                return false;
            }
            at = self.links[at as usize];
        }
        self.sets.extend_from_slice(set);
        self.links.push(self.heads[number as usize]);
        self.heads[number as usize] = self.links.len() as u32 - 1;
        true
    }

    /// Bytes in use.
    pub(super) fn bytes(&self) -> usize {
        8 * (self.keys.capacity() + self.sets.capacity())
            + 4 * (self.table.capacity() + self.heads.capacity() + self.links.capacity())
    }

    /// Whether set `number` has nothing that `set` has not; without that rule, is the same.
    fn is_within(&self, number: u32, set: &[u64]) -> bool {
        let from = number as usize * self.widths.1;
        let mut words = self.sets[from..].iter().zip(set);
        if self.within { words.all(|(old, new)| old & !new == 0) } else { words.all(|(old, new)| old == new) }
    }

    /// Where `key` is in the table, or would be.
    fn place(&self, key: &[u64]) -> usize {
        let mask = self.table.len() - 1;
        let mut place = hash(key) & mask;
        loop {
            match self.table[place] {
                0 => return place,
                number if self.key(number - 1) == key => return place,
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn key(&self, number: u32) -> &[u64] {
        let from = number as usize * self.widths.0;
        &self.keys[from..from + self.widths.0]
    }

    fn insert(&mut self, place: usize, key: &[u64]) -> u32 {
        let number = self.heads.len() as u32;
        self.keys.extend_from_slice(key);
        self.heads.push(END);
        self.table[place] = number + 1;
        if self.heads.len() * 2 > self.table.len() {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        self.table = vec![0; self.table.len() * 2];
        for number in 0..self.heads.len() as u32 {
            let place = self.place(self.key(number));
            self.table[place] = number + 1;
        }
    }
}

fn hash(key: &[u64]) -> usize {
    let mut hasher = FxHasher::default();
    key.iter().for_each(|&word| hasher.write_u64(word));
    hasher.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_do_less_is_not_visited_again() {
        let mut cache = Cache::new(1, 1, Rules::ALL);
        assert!(cache.visit(&[7], &[0b0110]));
        assert!(!cache.visit(&[7], &[0b0110]));
        assert!(!cache.visit(&[7], &[0b1110]), "it has used up more");
        assert!(cache.visit(&[7], &[0b1010]), "it has used up something else");
        assert!(cache.visit(&[7], &[0b0010]), "it has more left");
        assert!(cache.visit(&[8], &[0b1111]), "it is somewhere else");
    }

    #[test]
    fn many_keys_are_kept_apart() {
        let mut cache = Cache::new(2, 0, Rules::ALL);
        for round in [true, false] {
            for i in 0..10_000 {
                assert_eq!(cache.visit(&[i, i / 3], &[]), round);
            }
        }
        assert!(cache.bytes() >= 160_000);
    }
}
