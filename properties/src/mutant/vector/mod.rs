//! Broken vectors. `column` is what they have in common.

mod column;
mod length_first;
mod one_too_many;
mod remembered_end;
mod unfinished;
mod unnoted_move;

pub use column::{Column, OfColumn, Sound, Under, Words};
pub use length_first::LengthFirst;
pub use one_too_many::OneTooMany;
pub use remembered_end::RememberedEnd;
pub use unfinished::Unfinished;
pub use unnoted_move::UnnotedMove;
