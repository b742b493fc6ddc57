//! A queue of numbers: first in, first out; last in, first out; or the smallest first.
//!
//! | state | `put` | `try_put` | `get` | `try_get` |
//! |---|---|---|---|---|
//! | open, empty | in | in | waits | refused: empty |
//! | open, some | in | in | next | next |
//! | open, full | waits | refused: full | next | next |
//! | closed, some | refused: closed | refused: closed | next | next |
//! | closed, empty | refused: closed | refused: closed | refused: closed | refused: closed |
//!
//! When a task dies, the queue stays what it is: an item was put, or taken, or neither.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// Which item leaves first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one that came first.
    Fifo,
    /// The one that came last.
    Lifo,
    /// The smallest.
    Priority,
}

/// A queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Which item leaves first.
    pub order: Order,
    /// The most items; `None` if that is a matter of memory.
    pub capacity: Option<usize>,
}

/// What one can do with a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum QueueOp {
    /// Puts a number in, waiting for room.
    Put(u8),
    /// Puts a number in if there is room.
    TryPut(u8),
    /// Takes one out, waiting for one.
    Get,
    /// Takes one out if there is one.
    TryGet,
    /// Closes it.
    Close,
    /// Counts what is in it.
    Size,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum QueueRet {
    /// It was put.
    Done,
    /// It was taken.
    Took(u8),
    /// There is no room.
    Full,
    /// There is nothing.
    Empty,
    /// It is closed.
    Closed,
    /// Whether it was open before.
    WasOpen(bool),
    /// So many are in it.
    Size(usize),
}

/// What is in it, in the order in which it came, and whether it was closed.
pub type QueueState = (Vec<u8>, bool);

impl Queue {
    fn next(&self, items: &[u8]) -> Option<usize> {
        match self.order {
            Order::Fifo => (!items.is_empty()).then_some(0),
            Order::Lifo => items.len().checked_sub(1),
            Order::Priority => (0..items.len()).min_by_key(|&index| items[index]),
        }
    }

    fn put(&self, state: &QueueState, item: u8) -> Outcome<Self> {
        let (items, closed) = state;
        if *closed {
            return (QueueRet::Closed, state.clone());
        }
        if self.capacity.is_some_and(|capacity| items.len() >= capacity) {
            return (QueueRet::Full, state.clone());
        }
        (QueueRet::Done, ([&items[..], &[item]].concat(), false))
    }

    fn get(&self, state: &QueueState) -> Outcome<Self> {
        let (items, closed) = state;
        match self.next(items) {
            Some(index) => {
                let mut rest = items.clone();
                (QueueRet::Took(rest.remove(index)), (rest, *closed))
            }
            None if *closed => (QueueRet::Closed, state.clone()),
            None => (QueueRet::Empty, state.clone()),
        }
    }
}

impl Specification for Queue {
    type Op = QueueOp;
    type Ret = QueueRet;
    type State = QueueState;

    fn init(&self) -> QueueState {
        (Vec::new(), false)
    }

    fn outcomes(&self, state: &QueueState, _: Task, op: &QueueOp) -> Vec<Outcome<Self>> {
        let unless = |outcome: Outcome<Self>, waits: QueueRet| {
            if outcome.0 == waits { Vec::new() } else { vec![outcome] }
        };
        match *op {
            QueueOp::Put(item) => unless(self.put(state, item), QueueRet::Full),
            QueueOp::TryPut(item) => vec![self.put(state, item)],
            QueueOp::Get => unless(self.get(state), QueueRet::Empty),
            QueueOp::TryGet => vec![self.get(state)],
            QueueOp::Close => vec![(QueueRet::WasOpen(!state.1), (state.0.clone(), true))],
            QueueOp::Size => vec![(QueueRet::Size(state.0.len()), state.clone())],
        }
    }

    fn declaration(&self) -> String {
        let name = match self.order {
            Order::Fifo => "Queue",
            Order::Lifo => "LifoQueue",
            Order::Priority => "PriorityQueue",
        };
        match self.capacity {
            Some(capacity) => format!("{name}::bounded({capacity})"),
            None => format!("{name}::unbounded()"),
        }
    }

    fn call(&self, op: &QueueOp) -> String {
        match op {
            QueueOp::Put(item) => format!("put({item})"),
            QueueOp::TryPut(item) => format!("try_put({item})"),
            QueueOp::Get => "get()".to_owned(),
            QueueOp::TryGet => "try_get()".to_owned(),
            QueueOp::Close => "close()".to_owned(),
            QueueOp::Size => "qsize()".to_owned(),
        }
    }
}
