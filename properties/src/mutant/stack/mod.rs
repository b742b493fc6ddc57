//! Broken stacks; what they have in common is the queues'.

mod bottom_of_three;
mod one_too_many;
mod remembered_top;
mod sound;

pub use bottom_of_three::BottomOfThree;
pub use one_too_many::OneTooMany;
pub use remembered_top::RememberedTop;
pub use sound::Sound;
