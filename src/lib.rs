//! Process-shared synchronisation primitives for Linux, each written once.
//!
//! Every primitive is generic over a [`Platform`](platform::Platform): the lock
//! that ships over [`Native`](platform::Native) is the same code that the harness
//! schedules and that loom exhausts. The aliases at the top of this crate hide the
//! parameter.
//!
//! | folder | what is there |
//! |---|---|
//! | [`platform`] | the seam between a primitive and the world it runs in |
//! | [`sys`] | thin wrappers of system calls: futex, memory, process, clock |
//! | [`shm`] | memory that forked children share, and what may live in it |
//! | [`raw`] | state machines of words, no data |
//! | [`sync`] | typed wrappers and guards |
//! | [`channel`] | queues, pipes, and other descriptors that carry bytes between processes |
//! | [`signal`] | sending and handling signals |
//! | [`process`], [`thread`] | starting tasks and learning how they ended |
//! | [`pool`] | workers that are given functions to run |
//! | [`net`] | connections between processes that do not descend from each other, selectors, servers |
//! | [`manager`] | objects that a server process has, and others use through proxies |
//!
//! # Errors and panics
//!
//! What depends on the world (a name, a file, another process, a limit of the system, the
//! state in which a call finds its object) is returned as an [`Error`], or as the call's own
//! kind of error, and has changed nothing. What returns the thing itself panics only where
//! std does, at the line of its caller:
//!
//! | panics | as in std | without a panic |
//! |---|---|---|
//! | a value or an array gets no memory: [`Shared::new`], [`Array::new`] | `Box::new`, `vec![0; n]` | `try_` before the name |
//! | a number that is written in the program cannot be meant: `bounded` of a [`Queue`], `new` of a [`Semaphore`] or [`Barrier`] | `Vec::with_capacity`, `chunks` | `try_` before the name |
//! | a task cannot be started: [`spawn`], [`Process::spawn`] | `thread::spawn` | [`thread::Builder`], [`Process::start`] |
//! | an index lies outside: [`Array`], [`RawArray`] | `slice[index]` | compare with `len` first |
//! | a count passes its end: a permit of a [`Semaphore`] comes back that nobody took | `Rc::clone`, `RefCell::borrow` | [`Semaphore::release_n`] |
//! | something done once does itself again: [`Once`], [`OnceCell`] | `LazyLock` | |
//! | a task waits for a lock that it has itself: [`RobustMutex`], [`RwLock`], all of a [`RobustSemaphore`], a [`Queue`] inside `get_with` | `Mutex` | [`RobustMutex::try_lock_for`] |
//!
//! A number from outside (an argument, a file) goes to the form that returns an error. What
//! has only that form, such as [`SharedMap::new`], [`Pool::new`] or [`spsc()`], can fail for
//! more reasons than its number. A panic that is not in this table, or in the docs of the
//! function under `Panics`, is a defect.
//!
//! Dependencies point one way:
//! `sys <- platform <- shm <- raw <- sync <- channel <- signal <- process <- thread <- pool, net <- manager`.

pub mod channel;
pub mod manager;
pub mod net;
pub mod platform;
pub mod pool;
pub mod process;
pub mod raw;
pub mod shm;
pub mod signal;
pub mod sync;
pub mod sys;
pub mod thread;

mod error;
mod native;

pub use channel::{GetError, LostTasks, PutError};
pub use error::Error;
pub use native::*;
pub use pool::PoolError;
pub use process::ExitStatus;
pub use raw::BarrierError;
pub use shm::Shareable;
pub use sync::{BarrierWaitResult, LockError, WaitTimeoutResult};
