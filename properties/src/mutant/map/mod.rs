//! Broken maps. `book` is what they have in common.

mod book;
mod check_then_add;
mod one_too_many;
mod remembered_place;

pub use book::{Book, Entries, Inside, OfBook, Sound};
pub use check_then_add::CheckThenAdd;
pub use one_too_many::OneTooMany;
pub use remembered_place::RememberedPlace;
