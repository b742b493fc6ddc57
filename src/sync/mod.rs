//! Typed wrappers and guards: the primitives that programs use.
//!
//! Called by programs, mostly through the aliases at the top of the crate, which fix
//! the platform.
//!
//! | type | what it is | here or in |
//! |---|---|---|
//! | [`Mutex`], [`MutexGuard`] | a value behind a lock | any memory |
//! | [`RobustMutex`] | a value behind a lock that survives its holders | any memory |
//! | [`ReentrantMutex`] | the same, which its holder can take again | any memory |
//! | [`RwLock`] | a value that many read or one writes, and that survives both | any memory |
//! | [`Condvar`] | waiting for a change of what a mutex protects | any memory |
//! | [`Semaphore`], [`BoundedSemaphore`] | a number of permits | any memory |
//! | [`RobustSemaphore`], [`RobustPermit`] | a number of permits that come back when their holders die | any memory |
//! | [`Event`] | a flag to wait for | any memory |
//! | [`Barrier`] | a place where tasks wait for each other | any memory |
//! | [`Once`], [`OnceCell`], [`LazyLock`] | what is done, or made, once | any memory |
//! | [`FileLock`], [`FileLockGuard`] | a lock on a file | any path |
//! | [`Value`] | a number that everybody can read and write | any memory |
//! | [`RawValue`] | the same without a lock | any memory |
//! | [`Array`] | a fixed number of numbers | a segment of its own |
//! | [`RawArray`] | the same without a lock | a segment of its own |
//! | [`SharedMap`] | a fixed number of keys with values | a segment of its own |
//! | [`SharedVec`] | up to a fixed number of plain values, in order | a segment of its own, with or without a name |
//! | [`Arena`], [`At`] | values that refer to each other by offsets | the same |
//! | [`ShareableList`], [`Item`] | a fixed number of items of several kinds | a segment that has a name |
//!
//! "Any memory" means: on the stack or the heap for threads, inside
//! [`Shared`](crate::shm::Shared) for processes.
//!
//! 1. The names are std's where std has the thing, Python's otherwise.
//! 2. Timeouts are durations; inside they are deadlines, so that a wake-up without cause
//!    does not begin them anew.
//!
//! When a process dies, each file says what the others find.

mod arena;
mod array;
mod at;
mod barrier;
mod bounded_semaphore;
mod condvar;
mod element;
mod event;
mod file_lock;
mod journal;
mod list_item;
mod mutex;
mod once;
mod once_cell;
mod raw_array;
mod raw_value;
mod reentrant;
mod robust;
mod robust_semaphore;
mod rwlock;
mod semaphore;
mod shareable_list;
mod shared_map;
mod shared_vec;
mod value;

#[cfg(test)]
mod robust_tests;
#[cfg(test)]
mod rwlock_tests;
#[cfg(test)]
mod tests;

pub use arena::Arena;
pub use array::{Array, ArrayGuard};
pub use at::At;
pub use barrier::{Barrier, BarrierWaitResult};
pub use bounded_semaphore::BoundedSemaphore;
pub use condvar::{Condvar, WaitGuard, WaitTimeoutResult};
pub use element::{Element, Integer, Word};
pub use event::Event;
pub use file_lock::{FileLock, FileLockGuard, FileLockResult};
pub use list_item::Item;
pub use mutex::{Mutex, MutexGuard};
pub use once::Once;
pub use once_cell::{LazyLock, OnceCell};
pub use raw_array::RawArray;
pub use raw_value::RawValue;
pub use reentrant::{ReentrantMutex, ReentrantMutexGuard, ReentrantResult};
pub use robust::{LockError, RobustMutex, RobustMutexGuard, RobustResult};
pub use robust_semaphore::{RobustPermit, RobustSemaphore};
pub use rwlock::{ReadResult, RwLock, RwLockReadGuard, RwLockWriteGuard, WriteResult};
pub use semaphore::{Semaphore, SemaphoreGuard};
pub use shareable_list::ShareableList;
pub use shared_map::SharedMap;
pub use shared_vec::SharedVec;
pub use value::{Value, ValueGuard};
