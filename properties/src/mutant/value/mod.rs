//! Broken numbers. `number` is what they have in common.

mod check_then_write;
mod number;
mod torn_write;
mod two_step_add;

pub use check_then_write::CheckThenWrite;
pub use number::{Number, OfNumber, Sound};
pub use torn_write::TornWrite;
pub use two_step_add::TwoStepAdd;
