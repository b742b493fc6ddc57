//! Broken queues. `buffer` is what they have in common.

mod buffer;
mod first_item_only;
mod look_and_take;
mod one_too_many;
mod silent_close;
mod single_look;

pub(in crate::mutant) use buffer::buffer;
pub use buffer::{Buffer, Inside, Items, OfBuffer, Sound, Store};
pub use first_item_only::FirstItemOnly;
pub use look_and_take::LookAndTake;
pub use one_too_many::OneTooMany;
pub use silent_close::SilentClose;
pub use single_look::SingleLook;
