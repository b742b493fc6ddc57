//! Shares of a run: disjoint parts whose union is the whole run, for several machines,
//! and for the workers of one.
//!
//! Called by the search, which runs a share, and by `selvedge merge`, which puts shares
//! together again. What is done for workers is done for machines by the same code.
//!
//! | strategy | share k of n |
//! |---|---|
//! | random ones | the executions whose number, from 0, leaves the rest k - 1 divided by n |
//! | `dfs` | the subtrees, in the order of the search, whose number leaves that rest |
//!
//! 1. A worker w of m in share k of n has the share k + n·w of n·m.
//! 2. An execution of an exhaustive search has a number only once the sizes of all
//!    subtrees before its own are known. So each share counts its own, as far as its
//!    first violation, and whoever has all shares finds the number.

use super::tally::{Found, Tally};
use crate::Error;
use crate::value::Whole;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Share `number` of `of`, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };

    /// Share `number` of `of`, counted from 1; none if there is no such share.
    pub fn new(number: u32, of: u32) -> Option<Shard> {
        (1..=of).contains(&number).then_some(Shard { number, of }).filter(|shard| shard.of <= MOST)
    }

    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    pub fn of(self) -> u32 {
        self.of
    }

    /// What worker `worker` of `workers` does in it, counted from 0.
    pub(crate) fn worker(self, worker: u64, workers: u64) -> (u64, u64) {
        let (number, of) = (u64::from(self.number), u64::from(self.of));
        (number - 1 + of * worker, of * workers)
    }
}

/// The most shares of a run.
const MOST: u32 = 1_000_000;

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Shard, Error> {
        let number = |text: &str| Whole::new(1..=MOST).parse(text);
        text.split_once('/').and_then(|(k, n)| Shard::new(number(k)?, number(n)?)).ok_or_else(|| {
            let form = format!("k/n with k from 1 to n and n from 1 to {MOST}, as in 1/4");
            Error::value("--shard", text, form)
        })
    }
}

impl Serialize for Shard {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Shard, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a share of an exhaustive search counted in each of its subtrees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtrees {
    /// Executions in each, in order; nothing after the first violation is needed.
    sizes: Vec<u64>,
    /// Where the first violation is: in which of these subtrees, after how many
    /// executions in it.
    first: Option<(u64, u64)>,
}

impl Subtrees {
    /// An execution in the subtree with this number.
    pub(super) fn count(&mut self, subtree: u64, violation: bool) {
        if self.first.is_some() {
            return;
        }
        let at = subtree as usize;
        if self.sizes.len() <= at {
            self.sizes.resize(at + 1, 0);
        }
        if violation {
            self.first = Some((subtree, self.sizes[at]));
        } else {
            self.sizes[at] += 1;
        }
    }

    /// Share 1, 2 .. of something, put together.
    fn together(parts: &[&Subtrees]) -> Subtrees {
        let of = parts.len() as u64;
        let places = parts.iter().zip(0..).filter_map(|(part, rest)| {
            let (subtree, after) = part.first?;
            Some((subtree * of + rest, after))
        });
        let first = places.min();
        let sizes = (0_u64..)
            .take_while(|&subtree| first.is_none_or(|(last, _)| subtree <= last))
            .map_while(|subtree| parts[(subtree % of) as usize].sizes.get((subtree / of) as usize).copied())
            .collect();
        Subtrees { sizes, first }
    }

    /// The number of the first violation, from 0, if these are all subtrees.
    fn index(&self) -> Option<u64> {
        let (subtree, after) = self.first?;
        Some(self.sizes.iter().take(subtree as usize).sum::<u64>() + after)
    }
}

/// What all shares, in order, have counted together.
pub(crate) fn together(parts: Vec<Tally>, exhaustive: bool) -> Tally {
    if !exhaustive || parts.len() == 1 {
        return parts.into_iter().reduce(Tally::merge).unwrap_or_default();
    }
    let subtrees = Subtrees::together(&parts.iter().map(|part| &part.subtrees).collect::<Vec<_>>());
    let of = parts.len() as u64;
    let first = subtrees.first.and_then(|(subtree, _)| parts[(subtree % of) as usize].first.clone());
    // A violation of a plain tally, which knows no subtrees, stays where it is.
    let first = first.map(|found| Found { index: subtrees.index().unwrap_or(found.index), ..found });
    let total = parts.into_iter().reduce(Tally::merge).unwrap_or_default();
    Tally { first: first.or(total.first), subtrees, ..total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_refused() {
        assert_eq!("2/3".parse::<Shard>().unwrap(), Shard::new(2, 3).unwrap());
        for wrong in
            ["3/2", "0/2", "x", "", "1", "1/", "/2", "1/0", "-1/2", "+1/2", "1/2/3", "1/9999999", "1 /2"]
        {
            let error = wrong.parse::<Shard>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "--shard: `{wrong}` is not k/n with k from 1 to n and n from 1 to 1000000, as in 1/4"
                )
            );
        }
    }

    #[test]
    fn shares_of_workers_are_disjoint_and_complete() {
        for (of, workers) in [(1, 1), (1, 3), (4, 1), (3, 2), (5, 4)] {
            let mut times = vec![0; 200];
            for number in 1..=of {
                for worker in 0..workers {
                    let (first, stride) = Shard::new(number, of).unwrap().worker(worker, workers);
                    (first..200).step_by(stride as usize).for_each(|index| times[index as usize] += 1);
                }
            }
            assert!(times.iter().all(|&times| times == 1), "{of} {workers}: {times:?}");
        }
    }

    #[test]
    fn the_first_violation_is_found_wherever_it_was_counted() {
        // Subtrees of 3, 1, 4, 1, 5 executions; the third and the last have a violation.
        let sizes = [3_u64, 1, 4, 1, 5];
        let bad = [(2, 1), (4, 0)];
        for of in 1..=6_u64 {
            let share = |rest: u64| {
                let mut share = Subtrees::default();
                for (subtree, &size) in sizes.iter().enumerate().filter(|(at, _)| *at as u64 % of == rest) {
                    for at in 0..size {
                        share.count(subtree as u64 / of, bad.contains(&(subtree as u64, at)));
                    }
                }
                share
            };
            let shares: Vec<Subtrees> = (0..of).map(share).collect();
            let all = Subtrees::together(&shares.iter().collect::<Vec<_>>());
            assert_eq!(all.index(), Some(3 + 1 + 1), "{of}");
        }
    }
}
