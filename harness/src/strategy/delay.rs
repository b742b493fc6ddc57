//! `delay:d`: delay-bounded scheduling, at random.
//!
//! "Delay-bounded scheduling" (Emmi, Qadeer, Rakamaric, POPL 2011). A deterministic
//! scheduler, here round robin without preemption, is disturbed at most d times: at a
//! delay, whoever would go on is passed over, and the next in the round runs. The d
//! delays fall on random steps of the run, or on none.

use super::pilot::{Recipe, Sketch};
use crate::kernel::{Kernel, Mark, Plan, Policy, Rng};

/// Delays where no number is given.
pub(crate) const DELAYS: u32 = 2;

pub(crate) struct Delay {
    pub(crate) delays: u32,
}

impl Recipe for Delay {
    fn write(&self, _: u64, mut rng: Rng, sketch: &Sketch, kernel: &mut Kernel) {
        let mut marks = [Mark { step: u32::MAX, rank: 0 }; crate::kernel::MARKS];
        let marks = &mut marks[..self.delays as usize];
        for mark in marks.iter_mut() {
            // One place more than there are steps: the delay that never comes.
            mark.step = rng.below(sketch.steps().saturating_add(1));
        }
        marks.sort_unstable();
        kernel.set_marks(marks);
        kernel.plan = Plan { patience: sketch.patience(), ..Plan::by(Policy::Delay, rng) };
    }
}
