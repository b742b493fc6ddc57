//! Broken mutexes. `lock` is what they have in common.

mod check_then_take;
mod erased_mark;
mod forgotten_sleepers;
mod lock;

pub use check_then_take::CheckThenTake;
pub use erased_mark::ErasedMark;
pub use forgotten_sleepers::ForgottenSleepers;
pub use lock::{Lock, OfLock, Sound};
