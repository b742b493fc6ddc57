//! `urw`: a random walk that meets each interleaving equally often.
//!
//! "Selectively Uniform Concurrency Testing" (Zhao, Wolff, Mathur, Roychoudhury,
//! ASPLOS 2025). The next step goes to a task with probability proportional to the
//! operations that it has left, which is the share of interleavings that begin with
//! its step. The numbers come from a pilot run; operations of tasks that a task will
//! still start count as its own until then. Exact where no task ever blocks and each
//! performs as many operations as foretold.

use super::pilot::{Recipe, Sketch};
use crate::kernel::{Kernel, Plan, Policy, Rng};

pub(crate) struct Urw;

impl Recipe for Urw {
    fn write(&self, _: u64, rng: Rng, sketch: &Sketch, kernel: &mut Kernel) {
        kernel.set_forecasts(sketch.forecasts(None));
        kernel.plan = Plan { patience: sketch.patience(), ..Plan::by(Policy::Urw, rng) };
    }
}
