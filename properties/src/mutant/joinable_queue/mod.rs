//! Broken queues of work. `work` is what they have in common.

mod empty_is_done;
mod late_count;
mod silent_finish;
mod work;

pub use empty_is_done::EmptyIsDone;
pub use late_count::LateCount;
pub use silent_finish::SilentFinish;
pub use work::{OfWork, Pile, Sound, Work};
