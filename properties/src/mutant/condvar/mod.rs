//! Broken condition variables. `waiting_room` is what they have in common.

mod always_one;
mod late_look;
mod uncounted;
mod waiting_room;
mod without_the_lock;

pub use always_one::AlwaysOne;
pub use late_look::LateLook;
pub use uncounted::Uncounted;
pub use waiting_room::{OfRoom, Room, Sound, WaitingRoom};
pub use without_the_lock::WithoutTheLock;
