//! The objects of a manager, as its server has them.
//!
//! Called by `server`, one method at a time.
//!
//! | file | object |
//! |---|---|
//! | `object` | what all of them can do, and how they are made |
//! | `dict`, `list`, `value` | containers |
//! | `lock`, `semaphore`, `event`, `queue` | what clients wait for |
//!
//! When a client dies, [`Object::died`] takes back what it held.

mod dict;
mod event;
mod list;
mod lock;
mod object;
mod queue;
mod semaphore;
mod value;

pub(super) use dict::DictCall;
pub(super) use event::EventCall;
pub(super) use list::ListCall;
pub(super) use lock::LockCall;
pub(super) use object::{Attempt, Kind, Method, Object, Who, make};
pub(super) use queue::QueueCall;
pub(super) use semaphore::SemaphoreCall;
pub(super) use value::ValueCall;
