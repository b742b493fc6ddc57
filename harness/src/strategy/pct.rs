//! `pct:d`: probabilistic concurrency testing.
//!
//! "A randomized scheduler with probabilistic guarantees of finding bugs" (Burckhardt,
//! Kothari, Musuvathi, Nagarakatte, ASPLOS 2010). Each task gets a random priority, the
//! enabled task with the highest one runs, and at d - 1 random steps the running task
//! falls below all others. A bug of depth d (d ordering constraints) in a program of n
//! tasks and k steps is found with probability 1 / (n k^(d-1)) at least.

use super::pilot::{Recipe, Sketch};
use crate::kernel::{Kernel, Mark, Plan, Policy, Rng};

/// Bugs of this depth are looked for where none is given.
pub(crate) const DEPTH: u32 = 3;

pub(crate) struct Pct {
    pub(crate) depth: u32,
}

impl Recipe for Pct {
    fn write(&self, _: u64, mut rng: Rng, sketch: &Sketch, kernel: &mut Kernel) {
        let mut marks = [Mark { step: u32::MAX, rank: 0 }; crate::kernel::MARKS];
        let marks = &mut marks[..self.depth as usize - 1];
        for (rank, mark) in (1..).zip(marks.iter_mut()) {
            *mark = Mark { step: rng.below(sketch.steps().max(1)), rank };
        }
        marks.sort_unstable();
        kernel.set_marks(marks);
        kernel.plan = Plan { patience: sketch.patience(), ..Plan::by(Policy::Pct, rng) };
    }
}
