//! What a process runs, as an object.
//!
//! Implemented by programs whose processes are more than a closure, and given to
//! [`Process::of`](super::Process::of).
//!
//! When the process dies, the object dies with it; nothing is dropped.

/// The code of a process: fields are what it starts with, [`run`](Run::run) what it does.
pub trait Run: Send + 'static {
    /// Called once, in the child.
    fn run(self);
}
