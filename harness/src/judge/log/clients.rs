//! Whose operation an answer belongs to.
//!
//! Used by the readers. A process has one operation at a time; after an `:info` it may
//! begin another one, and the one before stays open.

use super::Wrong;
use rustc_hash::FxHashMap;

/// The operations that wait for an answer, by process: number and line.
#[derive(Default)]
pub(super) struct Clients(FxHashMap<usize, (usize, u64)>);

impl Clients {
    /// Whether `process` may begin an operation.
    pub(super) fn free(&self, process: usize) -> Result<(), Wrong> {
        match self.0.get(&process) {
            Some((_, line)) => Err(format!(
                "process {process} begins an operation although that of line {line} has no answer"
            )),
            None => Ok(()),
        }
    }

    /// `process` begins operation `number` in `line`.
    pub(super) fn begins(&mut self, process: usize, number: usize, line: u64) {
        self.0.insert(process, (number, line));
    }

    /// The operation of `process`, which gets its answer, and its line.
    pub(super) fn ends(&mut self, process: usize) -> Result<(usize, u64), Wrong> {
        self.0
            .remove(&process)
            .ok_or_else(|| format!("process {process} gets an answer but asked for nothing"))
    }
}
