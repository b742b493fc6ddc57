//! Broken channels for one sender and one receiver. `chute` is what they have in common.

mod chute;
mod lost_rest;
mod one_too_many;
mod silent_close;
mod tail_first;

pub use chute::{Chute, OfChute, Ring, Sound};
pub use lost_rest::LostRest;
pub use one_too_many::OneTooMany;
pub use silent_close::SilentClose;
pub use tail_first::TailFirst;
