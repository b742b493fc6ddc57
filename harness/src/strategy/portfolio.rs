//! `portfolio`, the default.

use super::delay::Delay;
use super::pct::Pct;
use super::pilot::{Recipe, Sketch};
use super::pos::Pos;
use super::surw::Surw;
use super::urw::Urw;
use crate::kernel::{Kernel, Plan, Policy, Rng};

/// A member of the portfolio.
#[derive(Clone, Copy, Debug)]
enum Member {
    Urw,
    Surw,
    Pos,
    Pct(u32),
    Delay(u32),
    Random,
}

/// Execution k is planned by the member at k modulo the length.
const ROUND: [Member; 10] = [
    Member::Urw,
    Member::Surw,
    Member::Pct(1),
    Member::Pos,
    Member::Surw,
    Member::Urw,
    Member::Pct(3),
    Member::Surw,
    Member::Pct(1),
    Member::Random,
];

pub(crate) struct Portfolio;

impl Recipe for Portfolio {
    fn write(&self, index: u64, rng: Rng, sketch: &Sketch, kernel: &mut Kernel) {
        match ROUND[(index % ROUND.len() as u64) as usize] {
            Member::Urw => Urw.write(index, rng, sketch, kernel),
            Member::Surw => Surw.write(index, rng, sketch, kernel),
            Member::Pos => Pos.write(index, rng, sketch, kernel),
            Member::Pct(depth) => Pct { depth }.write(index, rng, sketch, kernel),
            Member::Delay(delays) => Delay { delays }.write(index, rng, sketch, kernel),
            Member::Random => kernel.plan = Plan::by(Policy::Random, rng),
        }
    }
}
