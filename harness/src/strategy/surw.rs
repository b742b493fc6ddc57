//! `surw`: the walk of `urw` over the operations that matter.
//!
//! "Selectively Uniform Concurrency Testing" (Zhao, Wolff, Mathur, Roychoudhury,
//! ASPLOS 2025). Each execution singles out one object that several tasks touch, and
//! meets all orders of the operations on it equally often, however many others lie
//! between them. A program without such an object is walked as by `urw`.

use super::pilot::{Recipe, Sketch};
use super::urw::Urw;
use crate::kernel::{Kernel, Plan, Policy, Rng};

pub(crate) struct Surw;

impl Recipe for Surw {
    fn write(&self, index: u64, mut rng: Rng, sketch: &Sketch, kernel: &mut Kernel) {
        if sketch.objects() == 0 {
            return Urw.write(index, rng, sketch, kernel);
        }
        let object = rng.below(sketch.objects() as u32) as usize;
        kernel.set_forecasts(sketch.forecasts(Some(object)));
        kernel.plan = Plan { patience: sketch.patience(), ..Plan::by(Policy::Surw, rng) };
    }
}
