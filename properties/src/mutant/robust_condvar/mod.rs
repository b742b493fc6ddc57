//! Broken condition variables over mutexes that survive their holders. `vigil` is what they
//! have in common.

mod late_look;
mod lost_with_the_dead;
mod unasked_repair;
mod untold;
mod vigil;

pub use late_look::LateLook;
pub use lost_with_the_dead::LostWithTheDead;
pub use unasked_repair::UnaskedRepair;
pub use untold::Untold;
pub use vigil::{OfVigil, Post, Sound, Vigil};
