//! Broken events. `flag` is what they have in common.

mod early_wake;
mod flag;
mod late_look;
mod wakes_one;

pub use early_wake::EarlyWake;
pub use flag::{Flag, OfFlag, Sound};
pub use late_look::LateLook;
pub use wakes_one::WakesOne;
