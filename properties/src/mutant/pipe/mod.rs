//! Broken pipes. `tube` is what they have in common.

mod first_to_leave;
mod no_end;
mod tube;
mod two_step_leave;

pub use first_to_leave::FirstToLeave;
pub use no_end::NoEnd;
pub use tube::{Channel, OfTube, Sound, Tube};
pub use two_step_leave::TwoStepLeave;
