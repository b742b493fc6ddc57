//! Broken locks that their holders can take again. `nested` is what they have in common.

mod first_unlock_releases;
mod nested;
mod not_counted;
mod silent_release;

pub use first_unlock_releases::FirstUnlockReleases;
pub use nested::{Nested, OfNested, Parts, Sound};
pub use not_counted::NotCounted;
pub use silent_release::SilentRelease;
