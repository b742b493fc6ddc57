//! Broken semaphores. `permits` is what they have in common.

mod check_then_take;
mod early_look;
mod one_too_many;
mod permits;
mod woken_once;

pub use check_then_take::CheckThenTake;
pub use early_look::EarlyLook;
pub use one_too_many::OneTooMany;
pub use permits::{OfPermits, Permits, Sound, Words};
pub use woken_once::WokenOnce;
