//! Threads on a platform: std's threads, or tasks that a scheduler knows.
//!
//! Called by programs that are to run on every platform. Without that wish,
//! `std::thread` serves as well.
//!
//! When a thread panics, its joiner gets the message. When its process dies, it is gone.

mod agenda;
mod handle;
mod object;
mod registry;
mod timer;

pub use agenda::{Agenda, Entry, now};
pub use handle::{Builder, JoinHandle, sleep, spawn};
pub use object::Thread;
pub use registry::{Running, active_count, current, running};
pub use timer::Timer;
