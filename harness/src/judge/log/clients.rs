//! Whose operation an answer belongs to.
//!
//! Used by the readers. A process has one operation at a time; after an `:info` it may
//! begin another one, and the one before stays open. What it is said to have ended after it
//! has had its answer is an error: whether it crashed then makes no difference to the result,
//! but a second result would.

use super::Wrong;
use rustc_hash::FxHashMap;

/// What the processes wait for.
#[derive(Default)]
pub(super) struct Clients {
    /// The operations that wait for an answer, by process: number and line.
    waiting: FxHashMap<usize, (usize, u64)>,
    /// The line of the last answer, by process.
    answered: FxHashMap<usize, u64>,
}

impl Clients {
    /// Whether `process` may begin an operation.
    pub(super) fn free(&self, process: usize) -> Result<(), Wrong> {
        match self.waiting.get(&process) {
            Some((_, line)) => Err(format!(
                "process {process} begins an operation although that of line {line} has no answer"
            )),
            None => Ok(()),
        }
    }

    /// `process` begins operation `number` in `line`.
    pub(super) fn begins(&mut self, process: usize, number: usize, line: u64) {
        self.waiting.insert(process, (number, line));
    }

    /// The operation of `process`, which gets its answer in `line`, and the line that began it.
    pub(super) fn ends(&mut self, process: usize, line: u64) -> Result<(usize, u64), Wrong> {
        match (self.waiting.remove(&process), self.answered.insert(process, line)) {
            (Some(waiting), _) => Ok(waiting),
            (None, Some(before)) => {
                Err(format!("process {process} gets an answer again after that of line {before}"))
            }
            (None, None) => Err(format!("process {process} gets an answer but asked for nothing")),
        }
    }
}
