//! Things done once that are broken. `single` is what they have in common.

mod check_then_begin;
mod early_return;
mod single;
mod wakes_one;

pub use check_then_begin::CheckThenBegin;
pub use early_return::EarlyReturn;
pub use single::{OfSingle, Single, Sound};
pub use wakes_one::WakesOne;
