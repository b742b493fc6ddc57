//! Broken arrays. `row` is what they have in common.

mod last_is_first;
mod row;
mod two_step_add;
mod whole_copy;

pub use last_is_first::LastIsFirst;
pub use row::{LEN, OfRow, Row, Sound};
pub use two_step_add::TwoStepAdd;
pub use whole_copy::WholeCopy;
