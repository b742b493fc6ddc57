//! Multilevel feedback: who needs little is done soon, who needs much gets long slices,
//! and nobody has to say beforehand how much he needs.
//!
//! | a job | goes to the end of |
//! |---|---|
//! | comes | the first queue |
//! | has used up its slice | the next queue, or again the last |
//! | was preempted by an arrival | its own queue |
//!
//! 1. A queue is served only while those before it are empty.
//! 2. The slices of a queue are twice as long as those of the one before.

use super::simulate::{Discipline, Ready};
use std::collections::VecDeque;

/// Multilevel feedback queues.
#[derive(Clone, Debug)]
pub struct Mlfq {
    queues: Vec<VecDeque<Ready>>,
    slice: u64,
}

impl Mlfq {
    /// So many queues, at least 1 and at most 64; the slices of the first are this long, at
    /// least 1.
    #[must_use]
    pub fn new(queues: usize, slice: u64) -> Mlfq {
        Mlfq { queues: vec![VecDeque::new(); queues.clamp(1, 64)], slice: slice.max(1) }
    }

    /// The queue of a job.
    fn queue(&self, ready: &Ready) -> usize {
        ready.level.min(self.queues.len() - 1)
    }
}

impl Discipline for Mlfq {
    fn admit(&mut self, ready: Ready) {
        let queue = self.queue(&ready);
        self.queues[queue].push_back(ready);
    }

    fn pick(&mut self, _: u64) -> Option<Ready> {
        self.queues.iter_mut().find_map(VecDeque::pop_front)
    }

    fn slice(&self, ready: &Ready) -> Option<u64> {
        Some(self.slice.saturating_mul(1 << self.queue(ready)))
    }

    fn is_preempted(&self, running: &Ready) -> bool {
        // Whoever comes is in the first queue.
        self.queue(running) > 0
    }
}
