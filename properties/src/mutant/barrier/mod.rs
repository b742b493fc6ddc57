//! Broken barriers. `meeting` is what they have in common.

mod late_look;
mod meeting;
mod no_generations;
mod unlocked;
mod wakes_one;

pub use late_look::LateLook;
pub use meeting::{Meeting, OfMeeting, Place, Sound};
pub use no_generations::NoGenerations;
pub use unlocked::Unlocked;
pub use wakes_one::WakesOne;
