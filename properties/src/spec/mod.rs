//! Sequential specifications: what each primitive does for one caller after the other.
//!
//! | file | what is there |
//! |---|---|
//! | `specification` | [`Specification`]: operations, results, states, who waits |
//! | `judge` | [`Judge`]: a specification as a model for recorded histories |
//! | the others | a primitive each |
//!
//! Used by generated programs (see [`program`](crate::program)) and by tests that hold the
//! specifications themselves against the rows of the conformance table.

mod judge;
mod mutex;
mod queue;
mod semaphore;
mod specification;

pub use judge::{Event, Judge, Possible};
pub use mutex::{Mutex, MutexOp, MutexRet, MutexState};
pub use queue::{Order, Queue, QueueOp, QueueRet, QueueState};
pub use semaphore::{Semaphore, SemaphoreOp, SemaphoreRet};
pub use specification::{Outcome, Specification, Task};
