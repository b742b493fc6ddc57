//! The objects of a manager as programs see them.
//!
//! Made by the methods of [`Manager`](super::Manager).
//!
//! | file | proxies |
//! |---|---|
//! | `handle` | what all of them are: a link and the number of an object |
//! | `dict`, `namespace`, `list`, `value` | containers of any serde type |
//! | `lock`, `condition`, `semaphore`, `event`, `barrier`, `queue` | what processes wait for |
//! | `pool` | workers beside the server |
//! | `registered` | types of a program's own |
//!
//! When the server dies, each method is an
//! [`Error::ManagerGone`](crate::Error::ManagerGone).

mod barrier;
mod condition;
mod dict;
mod event;
mod handle;
mod list;
mod lock;
mod namespace;
mod pool;
mod queue;
mod registered;
mod semaphore;
mod value;

pub use barrier::Barrier;
pub use condition::Condition;
pub use dict::Dict;
pub use event::Event;
pub use list::{Array, Iter, List};
pub use lock::{Held, Lock, LockGuard, ReentrantLock};
pub use namespace::Namespace;
pub use pool::{Pending, Pool};
pub use queue::Queue;
pub use registered::Registered;
pub use semaphore::Semaphore;
pub use value::Value;
