//! `pos`: partial order sampling.
//!
//! "Partial order aware concurrency sampling" (Yuan, Yang, Gu, CAV 2018). Each pending
//! operation gets a random priority and the highest enabled one is performed; those
//! that race with it (one object, at least one write) draw a new priority. So each
//! partial order, not each interleaving, has a fair chance.

use super::pilot::{Recipe, Sketch};
use crate::kernel::{Kernel, Plan, Policy, Rng};

pub(crate) struct Pos;

impl Recipe for Pos {
    fn write(&self, _: u64, rng: Rng, sketch: &Sketch, kernel: &mut Kernel) {
        kernel.plan = Plan { patience: sketch.patience(), ..Plan::by(Policy::Pos, rng) };
    }
}
