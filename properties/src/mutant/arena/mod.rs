//! Broken arenas. `plot` is what they have in common.

mod one_too_many;
mod plot;
mod remembered_cell;
mod same_number;
mod tag_first;
mod uncounted;

pub use one_too_many::OneTooMany;
pub use plot::{At, Ground, OfPlot, Plot, Sound, Under};
pub use remembered_cell::RememberedCell;
pub use same_number::SameNumber;
pub use tag_first::TagFirst;
pub use uncounted::Uncounted;
