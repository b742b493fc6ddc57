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

mod arena;
mod array;
mod barrier;
mod condvar;
mod event;
mod file_lock;
mod joinable_queue;
mod judge;
mod list;
mod map;
mod mutex;
mod once;
mod pipe;
mod pool;
mod queue;
mod robust_condvar;
mod robust_mutex;
mod robust_semaphore;
mod rwlock;
mod semaphore;
mod specification;
mod spsc;
mod value;
mod vector;

pub use arena::{Arena, ArenaOp, ArenaRet, ArenaState};
pub use array::Array;
pub use barrier::{Barrier, BarrierOp, BarrierRet, BarrierState, Fate};
pub use condvar::{Condvar, CondvarOp, CondvarState};
pub use event::{Event, EventOp, EventState};
pub use file_lock::{FileLock, FileLockOp, FileLockRet};
pub use joinable_queue::{JoinableOp, JoinableQueue, JoinableRet, JoinableState};
pub use judge::{Happening, Judge, Possible};
pub use list::{List, ListOp, ListRet};
pub use map::{Map, MapOp, MapRet};
pub use mutex::{Mutex, MutexOp, MutexRet, MutexState};
pub use once::{Once, OnceOp};
pub use pipe::{Pipe, PipeOp, PipeRet, PipeState};
pub use pool::{Pool, PoolOp, PoolRet, PoolState};
pub use queue::{Order, Queue, QueueOp, QueueRet, QueueState};
pub use robust_condvar::{RobustCondvar, RobustCondvarOp, RobustCondvarState};
pub use robust_mutex::{RobustMutex, RobustOp, RobustRet, RobustState, Torn};
pub use robust_semaphore::{PermitOp, PermitState, RobustSemaphore};
pub use rwlock::{RwLock, RwLockOp, RwLockState};
pub use semaphore::{Semaphore, SemaphoreOp, SemaphoreRet};
pub use specification::{Outcome, Specification, Task};
pub use spsc::{RECEIVER, SENDER, Spsc, SpscOp, SpscRet, SpscState};
pub use value::{Value, ValueOp, ValueRet};
pub use vector::{Vector, VectorOp, VectorRet};
