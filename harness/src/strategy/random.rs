//! `random`: at each step any enabled task, all equally likely.
//!
//! The probability of a schedule is the product of 1/n over its steps, where n
//! tasks were enabled; deep schedules of unequal tasks are therefore far from
//! equally likely. Reproducible alone: execution k uses its own seed.

use super::Search;
use crate::kernel::{Kernel, Plan, Policy, Rng};

pub(crate) struct Random {
    seed: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { seed }
    }
}

impl Search for Random {
    fn plan(&mut self, index: u64, kernel: &mut Kernel) -> bool {
        kernel.plan = Plan::by(Policy::Random, Rng::derive(self.seed, index));
        true
    }
}
