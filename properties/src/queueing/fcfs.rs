//! First come, first served: good for long jobs, bad for short ones behind them.

use super::simulate::{Discipline, Ready};
use std::collections::VecDeque;

/// First come, first served.
#[derive(Clone, Debug, Default)]
pub struct Fcfs(VecDeque<Ready>);

impl Discipline for Fcfs {
    fn admit(&mut self, ready: Ready) {
        self.0.push_back(ready);
    }

    fn pick(&mut self, _: u64) -> Option<Ready> {
        self.0.pop_front()
    }
}
