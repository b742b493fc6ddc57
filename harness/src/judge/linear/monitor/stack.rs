//! Stacks: last in, first out.
//!
//! Let a value be certainly in the stack from the return of its put to the call of its
//! take. If that is no time at all, put and take can stand side by side wherever both
//! are open, and disturb nobody: such values are left out. Of the others:
//!
//! - At a time that no value covers, the stack can be empty. Each value lies before it or
//!   after it, and since what lies before was called by then and what lies after returned
//!   from then on, all of the one can stand before all of the other. So the values fall
//!   into blocks, judged each by itself.
//! - In a block whose times are all covered the stack is never empty, so one value lies
//!   below all others: it was put first and taken last. Any value that can be put first
//!   (called before the first put returned) and taken last (returned after the last take
//!   was called) will do: if another one lies there in an explanation, this one can be
//!   taken out of it and laid below. Then the rest is judged. If there is none, nothing
//!   explains the block.
//! - A take that found nothing needs a time that no value covers.
//!
//! Every value is laid below once, and blocks are cut where a value uncovers a time, each
//! in logarithmic time. Times are ranks here, and places in a row are ranks and what lies
//! between them: rank t is place 2t.
//!
//! 1. The values of a block are a range of `values`, which are sorted by `put.1`.
//! 2. `ends` holds `take.0 + 1` of what is left; `early`, of what is left and cannot be put
//!    first in its block yet, `last - put.0`; `late`, of what can, `take.1 + 1`.

use super::cover::Cover;
use super::coverage::Coverage;
use super::pool::{Pool, Value};
use super::tree::Tree;
use std::iter;
use std::ops::Range;

/// Whether an order explains it.
pub(in super::super) fn stack(pool: Pool) -> bool {
    let Pool { mut values, empty } = pool;
    values.retain(|value| value.put.1 < value.take.0);
    let mut cover = Cover::default();
    values.iter().for_each(|value| cover.add(value.put.1, value.take.0));
    if empty.iter().any(|take| cover.first_free(take.0) > take.1) {
        return false;
    }
    Blocks::new(values).judge()
}

struct Blocks {
    /// With ranks for times.
    values: Vec<Value>,
    last: u64,
    coverage: Coverage,
    ends: Tree,
    early: Tree,
    late: Tree,
}

/// The places between two ranks.
fn between(from: u64, to: u64) -> Range<usize> {
    2 * from as usize + 1..2 * to as usize
}

impl Blocks {
    fn new(mut values: Vec<Value>) -> Blocks {
        let mut times: Vec<u64> =
            values.iter().flat_map(|value| [value.put.0, value.put.1, value.take.0, value.take.1]).collect();
        times.sort_unstable();
        times.dedup();
        for value in &mut values {
            for time in [&mut value.put.0, &mut value.put.1, &mut value.take.0, &mut value.take.1] {
                *time = times.partition_point(|other| other < time) as u64;
            }
        }
        values.sort_unstable_by_key(|value| value.put.1);
        let last = times.len() as u64 + 1;
        let tree = || Tree::new(values.len());
        let (mut ends, mut early, late) = (tree(), tree(), tree());
        let mut coverage = Coverage::new(2 * times.len());
        for (place, value) in values.iter().enumerate() {
            ends.set(place, value.take.0 + 1);
            early.set(place, last - value.put.0);
            coverage.add(between(value.put.1, value.take.0), 1);
        }
        Blocks { values, last, coverage, ends, early, late }
    }

    fn judge(mut self) -> bool {
        let mut blocks: Vec<Range<usize>> = iter::once(0..self.values.len()).collect();
        while let Some(block) = blocks.pop() {
            let Some(first) = self.ends.find(block.clone(), 1) else { continue };
            let (begin, end) = (self.values[first].put.1, self.ends.max(block.clone()) - 1);
            if let Some(free) = self.coverage.first_free(between(begin, end)) {
                let cut = self.values.partition_point(|value| 2 * (value.put.1 as usize) < free);
                blocks.extend([block.start..cut, cut..block.end]);
                continue;
            }
            while let Some(place) = self.early.find(block.clone(), self.last - begin) {
                self.early.set(place, 0);
                self.late.set(place, self.values[place].take.1 + 1);
            }
            let Some(lowest) = self.late.find(block.clone(), end + 1) else { return false };
            let value = self.values[lowest];
            self.late.set(lowest, 0);
            self.ends.set(lowest, 0);
            self.coverage.add(between(value.put.1, value.take.0), -1);
            blocks.push(block);
        }
        true
    }
}
