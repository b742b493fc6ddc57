//! Broken priority queues; what they have in common is the queues'.

mod one_too_many;
mod remembered_least;
mod sound;
mod two_compared;

pub use one_too_many::OneTooMany;
pub use remembered_least::RememberedLeast;
pub use sound::Sound;
pub use two_compared::TwoCompared;
