//! In turns, a slice each: a slice that is too short is spent on switching, and one that is
//! longer than every job is first come, first served.

use super::simulate::{Discipline, Ready};
use std::collections::VecDeque;

/// In turns.
#[derive(Clone, Debug)]
pub struct RoundRobin {
    ready: VecDeque<Ready>,
    slice: u64,
}

impl RoundRobin {
    /// Slices of this length, at least 1.
    #[must_use]
    pub fn new(slice: u64) -> RoundRobin {
        RoundRobin { ready: VecDeque::new(), slice: slice.max(1) }
    }
}

impl Discipline for RoundRobin {
    fn admit(&mut self, ready: Ready) {
        self.ready.push_back(ready);
    }

    fn pick(&mut self, _: u64) -> Option<Ready> {
        self.ready.pop_front()
    }

    fn slice(&self, _: &Ready) -> Option<u64> {
        Some(self.slice)
    }
}
