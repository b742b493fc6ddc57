//! The objects of a manager, as its server has them.
//!
//! Called by `server`, one method at a time.
//!
//! | file | object |
//! |---|---|
//! | `object` | what all of them can do, and how they are made |
//! | `dict`, `list`, `value` | containers |
//! | `lock`, `condition`, `semaphore`, `event`, `barrier`, `queue` | what clients wait for |
//! | `pool` | tasks for workers |
//! | `registered` | types of a program's own |
//!
//! When a client dies, [`Object::died`] takes back what it held.

mod barrier;
mod condition;
mod dict;
mod event;
mod list;
mod lock;
mod object;
mod pool;
mod queue;
mod registered;
mod semaphore;
mod value;

pub(super) use barrier::BarrierCall;
pub(super) use condition::ConditionCall;
pub(super) use dict::DictCall;
pub(super) use event::EventCall;
pub(super) use list::ListCall;
pub(super) use lock::LockCall;
pub(super) use object::{Attempt, Kind, Method, Object, Staff, Who, make};
pub(super) use pool::{PoolCall, Task};
pub(super) use queue::QueueCall;
pub use registered::Type;
pub(super) use registered::Types;
pub(super) use semaphore::SemaphoreCall;
pub(super) use value::ValueCall;
