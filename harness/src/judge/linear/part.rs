//! The operations on one part of an object, laid out for the searches.
//!
//! Made by `judge` for each part, read by `wgl` and `sequential`. An entry is an
//! operation of the part:
//!
//! ```text
//!  0 .. done       operations that returned, by the time of their return
//!  done .. len     operations that did not (pending ones), by the time of their call
//! ```
//!
//! 1. `open[of(r)]` are the entries from `r` on that were called when `r` returned, `r`
//!    itself first, in order: what may be placed while `r` is the first that is not.
//! 2. `called[r]` pending entries were called when `r` returned.
//! 3. `ends` of an entry is the return of an operation that did; the kill of a pending one, or
//!    `NEVER`.

use super::history::{Call, End};
use super::judgement::Why;
use super::limit::Limit;
use super::options::Crash;
use std::collections::VecDeque;
use std::ops::Range;

/// The end of an operation that may take effect at any time.
pub(super) const NEVER: u64 = u64::MAX;

pub(super) struct Part<'h, O, R> {
    /// The operations, by entry, with their numbers in the history.
    pub(super) calls: Vec<(usize, &'h Call<O, R>)>,
    /// When each ended.
    pub(super) ends: Vec<u64>,
    /// How many of them returned.
    pub(super) done: usize,
    /// See invariant 2.
    pub(super) called: Vec<u32>,
    /// The longest list of open entries.
    pub(super) widest: usize,
    open: Vec<u32>,
    starts: Vec<usize>,
}

impl<'h, O, R> Part<'h, O, R> {
    /// Lays out what is known of `calls` at the time `until`; they come with their numbers
    /// in the history.
    pub(super) fn new(
        calls: &[(usize, &'h Call<O, R>)],
        until: u64,
        crash: Crash,
        limit: &mut Limit,
    ) -> Result<Part<'h, O, R>, Why> {
        let mut calls = calls.to_vec();
        calls.retain(|(_, call)| call.at <= until);
        let returned = |call: &Call<O, R>| match call.end {
            End::Returned { at, .. } if at <= until => Some(at),
            _ => None,
        };
        // Operations that returned come first, then those that did not.
        calls.sort_by_key(|(_, call)| match returned(call) {
            Some(at) => (0, at, call.at),
            None => (1, call.at, 0),
        });
        let done = calls.partition_point(|(_, call)| returned(call).is_some());
        let ends: Vec<u64> = calls
            .iter()
            .map(|(_, call)| match (&call.end, crash) {
                (End::Returned { at, .. }, _) | (End::Killed { at }, Crash::Strict) if *at <= until => *at,
                _ => NEVER,
            })
            .collect();
        let began = |&end: &u64| calls[done..].partition_point(|(_, call)| call.at <= end) as u32;
        let called = ends[..done].iter().map(began).collect();
        let mut part = Part { calls, ends, done, called, widest: 0, open: Vec::new(), starts: Vec::new() };
        part.lay_open(limit)?;
        Ok(part)
    }

    /// Finds the open entries of each return, from the last to the first: what was
    /// called after a return was called after every earlier one.
    fn lay_open(&mut self, limit: &mut Limit) -> Result<(), Why> {
        let mut open: VecDeque<u32> = VecDeque::new();
        let mut backwards: Vec<u32> = Vec::new();
        let mut lengths = vec![0; self.done];
        for entry in (0..self.done).rev() {
            open.push_front(entry as u32);
            open.retain(|&other| self.calls[other as usize].1.at <= self.ends[entry]);
            backwards.extend(open.iter().rev());
            lengths[entry] = open.len();
            self.widest = self.widest.max(open.len());
            limit.check(8 * backwards.len())?;
        }
        backwards.reverse();
        self.open = backwards;
        let mut start = 0;
        self.starts = lengths
            .iter()
            .map(|length| {
                start += length;
                start - length
            })
            .collect();
        self.starts.push(start);
        Ok(())
    }

    /// Where the open entries of a return are.
    pub(super) fn of(&self, entry: u32) -> Range<usize> {
        self.starts[entry as usize]..self.starts[entry as usize + 1]
    }

    /// The entries that are open at the return of `entry`.
    pub(super) fn open(&self, entry: u32) -> &[u32] {
        &self.open[self.of(entry)]
    }

    /// What an entry was called with and what it returned.
    pub(super) fn asked(&self, entry: usize) -> (&'h O, Option<&'h R>) {
        let (_, call) = self.calls[entry];
        (&call.op, if entry < self.done { call.ret() } else { None })
    }

    /// When an entry was called.
    pub(super) fn at(&self, entry: u32) -> u64 {
        self.calls[entry as usize].1.at
    }

    /// The numbers in the history of entries.
    pub(super) fn numbers(&self, entries: &[u32]) -> Vec<usize> {
        entries.iter().map(|&entry| self.calls[entry as usize].0).collect()
    }

    /// Pending entries.
    pub(super) fn pending(&self) -> usize {
        self.calls.len() - self.done
    }

    /// Bytes in use.
    pub(super) fn bytes(&self) -> usize {
        32 * self.calls.len() + 4 * self.open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::History;
    use super::super::options::Options;
    use super::*;

    #[test]
    fn what_is_open_at_a_return_was_called_before() {
        let mut history = History::new();
        history.done(0, 1, "a", (), 10);
        history.done(1, 2, "b", (), 3);
        history.call(2, "c", 5);
        history.done(3, 10, "d", (), 11);
        history.done(4, 12, "e", (), 13);
        let calls: Vec<_> = history.calls().iter().enumerate().collect();
        let part = |until| Part::new(&calls, until, Crash::Strict, &mut Limit::new(&Options::default()));
        assert_eq!((part(9).unwrap().done, part(9).unwrap().pending()), (1, 2));
        let part = part(NEVER).unwrap();
        let names: Vec<_> = part.calls.iter().map(|(_, call)| call.op).collect();
        assert_eq!(names, ["b", "a", "d", "e", "c"]);
        assert_eq!(part.open(0), [0, 1]);
        // Called and returned at the same time: they overlap.
        assert_eq!(part.open(1), [1, 2]);
        assert_eq!((part.open(2), part.open(3)), (&[2][..], &[3][..]));
        assert_eq!(part.called, [0, 1, 1, 1]);
        assert_eq!((part.done, part.pending(), part.widest), (4, 1, 2));
    }
}
