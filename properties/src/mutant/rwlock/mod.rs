//! Broken locks for readers and writers. `shared_lock` is what they have in common.

mod check_then_read;
mod check_then_write;
mod shared_lock;
mod silent_reader;

pub use check_then_read::CheckThenRead;
pub use check_then_write::CheckThenWrite;
pub use shared_lock::{Has, OfSharedLock, SharedLock, Sound, WRITTEN};
pub use silent_reader::SilentReader;
