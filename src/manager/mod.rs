//! Objects that live in a process of their own and are used from any other.
//!
//! Called by programs: a [`Manager`] is the server process, its methods make objects in
//! it, and what they return are proxies. A proxy can be cloned, moved into a child, put
//! into a message and into another object; each of its methods is one message to the
//! server and one back, or two where it says so.
//!
//! | part | is |
//! |---|---|
//! | `manager` | starting, finding and ending a server |
//! | `server` | the loop of the server process, one request at a time |
//! | `unproven`, `peer` | who shows it the key, and its clients |
//! | `poller`, `lanes`, `parked` | what it waits for, who waits for it |
//! | `farewell`, `lifeline` | what it does when one of them ends; how it hears of its starter's end |
//! | `nursery`, `family` | the workers of its pools, and who can use those |
//! | `state` | the objects as the server has them: a state machine each |
//! | `link`, `message` | how a client asks, and in which words |
//! | `proxy` | the objects as programs see them |
//!
//! 1. The server does one request at a time, so that each method is atomic; who has to
//!    wait is put aside and holds up nobody.
//! 2. Values are bytes to the server: only programs know their types. Keys are equal if
//!    their bytes are.
//! 3. Objects live as long as the server.
//!
//! When the server dies, every call of every proxy is an
//! [`Error::ManagerGone`](crate::Error::ManagerGone), also those that wait in it. When a
//! client dies, the locks and the bounded permits that it held are given to the next,
//! who is told; what a pool does for it nobody learns; a request of which only a part had come never happens. When the process
//! that started the server dies, the server ends.

mod family;
mod farewell;
mod lanes;
mod lifeline;
mod link;
#[allow(clippy::module_inception, reason = "the folder is named for its one main type")]
mod manager;
mod message;
mod nursery;
mod parked;
mod peer;
mod poller;
mod proxy;
mod server;
mod state;
mod unproven;

pub use manager::{Builder, Manager};
pub use proxy::{
    Array, Barrier, Condition, Dict, Event, Held, Iter, List, Lock, LockGuard, Namespace, Pending, Pool,
    Queue, ReentrantLock, Registered, Semaphore, Value,
};
pub use state::Type;
