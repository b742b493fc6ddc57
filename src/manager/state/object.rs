//! What every object of a manager can do, and how one is made.
//!
//! Called by `server`.
//!
//! | `attempt` returns | the server |
//! |---|---|
//! | [`Attempt::Done`] | answers |
//! | [`Attempt::Wait`] | puts the caller aside, and attempts again when the object changed |
//!
//! 1. An attempt that returns `Wait` has changed nothing that others see, unless it wrote
//!    so into the method: then `expired` and `left` take it back.
//!
//! When a client dies, what waited for it is dropped after `left`, then `died` is told.

use super::barrier::{Barrier, BarrierCall};
use super::condition::{Condition, ConditionCall};
use super::dict::{Dict, DictCall};
use super::event::{Event, EventCall};
use super::list::{List, ListCall};
use super::lock::{Lock, LockCall};
use super::pool::{Pool, PoolCall};
use super::queue::{Queue, QueueCall};
use super::registered::Types;
use super::semaphore::{Semaphore, SemaphoreCall};
use super::value::{Value, ValueCall};
use crate::manager::message::{Bytes, Reply};
use serde::{Deserialize, Serialize};

/// Who calls a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) struct Who {
    /// The process, as the server counts them.
    pub(in crate::manager) client: u64,
    /// The task in it.
    pub(in crate::manager) task: u32,
}

/// What came of a method.
#[derive(Debug)]
pub(in crate::manager) enum Attempt {
    Done(Reply),
    Wait,
}

impl Attempt {
    pub(in crate::manager) fn refused(why: impl Into<String>) -> Attempt {
        Attempt::Done(Reply::Refused(why.into()))
    }
}

/// An object that the server has.
pub(in crate::manager) trait Object {
    /// Does the method, or says that its caller has to wait.
    fn attempt(&mut self, who: Who, method: &mut Method) -> Attempt;

    /// The caller's time has passed while it waited.
    fn expired(&mut self, _who: Who, _method: &mut Method) -> Attempt {
        Attempt::Done(Reply::TimedOut)
    }

    /// The caller is gone while it waited.
    fn left(&mut self, _who: Who, _method: &mut Method) {}

    /// A client has died.
    fn died(&mut self, _client: u64) {}

    /// Which workers the object is to have; `None` for one that has none.
    fn staff(&self) -> Option<Staff> {
        None
    }

    /// One of its workers has ended, or (with the number 0) cannot be started.
    fn worker_ended(&mut self, _worker: u32, _how: &str) {}
}

/// The workers that an object is to have.
pub(in crate::manager) enum Staff {
    AtLeast(usize),
    Nobody,
}

/// Which object is wanted, and how it begins.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::manager) enum Kind {
    Dict,
    List(Vec<Bytes>),
    Value(Bytes),
    Lock {
        reentrant: bool,
    },
    Semaphore {
        permits: u64,
        bounded: bool,
    },
    Event,
    Queue {
        room: Option<u64>,
    },
    Condition,
    Barrier(u64),
    /// So many workers.
    Pool(u64),
    /// The name of a type, and what its object is made of.
    Registered(String, Bytes),
}

/// A method of some object, with its arguments.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::manager) enum Method {
    Dict(DictCall),
    List(ListCall),
    Value(ValueCall),
    Lock(LockCall),
    Semaphore(SemaphoreCall),
    Event(EventCall),
    Queue(QueueCall),
    Condition(ConditionCall),
    Barrier(BarrierCall),
    Pool(PoolCall),
    Registered(String, Bytes),
}

/// Makes an object, or says why it cannot be made.
pub(in crate::manager) fn make(kind: Kind, types: &Types, family: u64) -> Result<Box<dyn Object>, String> {
    Ok(match kind {
        Kind::Dict => Box::new(Dict::default()),
        Kind::List(items) => Box::new(List(items)),
        Kind::Value(bytes) => Box::new(Value(bytes)),
        Kind::Lock { reentrant } => Box::new(Lock::new(reentrant)),
        Kind::Semaphore { permits, bounded } => Box::new(Semaphore::new(permits, bounded)),
        Kind::Event => Box::new(Event::default()),
        Kind::Queue { room } => Box::new(Queue::new(room)),
        Kind::Condition => Box::new(Condition::new()),
        Kind::Barrier(parties) => Box::new(Barrier::new(parties)),
        Kind::Pool(workers) => Box::new(Pool::new(family, workers)),
        Kind::Registered(name, argument) => types.make(&name, &argument)?,
    })
}

/// A proxy whose object is another one: only a forged message asks so.
pub(super) fn other_object() -> Attempt {
    Attempt::refused("this object has no such method")
}
