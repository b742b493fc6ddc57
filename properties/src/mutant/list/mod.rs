//! Broken lists. `shelf` is what they have in common.

mod shelf;
mod two_turns;
mod unlocked_read;
mod unlocked_write;

pub use shelf::{Boards, OfShelf, Shelf, Sound};
pub use two_turns::TwoTurns;
pub use unlocked_read::UnlockedRead;
pub use unlocked_write::UnlockedWrite;
