//! A channel for numbers from one task to another: task 1 sends, task 0 receives.
//!
//! | state | `send` | `try_send` | `recv` | `try_recv` |
//! |---|---|---|---|---|
//! | open, empty | in | in | waits | refused: empty |
//! | open, some | in | in | next | next |
//! | open, full | waits | refused: full | next | next |
//! | closed, some | refused: closed | refused: closed | next | next |
//! | closed, empty | refused: closed | refused: closed | refused: closed | refused: closed |
//!
//! It is closed by either task, and when either drops its end; the wrong end for an operation,
//! or one that was dropped, is refused. When a task dies, nobody is told: the other one may
//! wait for ever.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// The task that receives, and the one that sends.
pub const RECEIVER: Task = 0;
/// See [`RECEIVER`].
pub const SENDER: Task = 1;

/// A channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spsc {
    /// The most items that are on their way.
    pub capacity: usize,
    /// How many tasks have an end: without the second, the channel is closed.
    pub ends: usize,
}

/// What one can do with an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SpscOp {
    /// Sends a number, waiting for room.
    Send(u8),
    /// Sends a number if there is room.
    TrySend(u8),
    /// Receives one, waiting for one.
    Recv,
    /// Receives one if there is one.
    TryRecv,
    /// Counts what is on its way.
    Len,
    /// Closes the channel.
    Close,
    /// Drops the end: the last that a task does.
    Drop,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SpscRet {
    /// It was done.
    Done,
    /// It was received.
    Got(u8),
    /// There is no room.
    Full,
    /// There is nothing.
    Empty,
    /// It is closed.
    Closed,
    /// Whether it was open before.
    WasOpen(bool),
    /// So many are on their way.
    Len(usize),
    /// Not with this end.
    Refused,
}

/// What is on its way, and who has an end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpscState {
    /// In the order in which it was sent.
    pub items: Vec<u8>,
    /// Whether it was closed.
    pub closed: bool,
    /// Whose ends were dropped, by number.
    pub dropped: u32,
}

impl Spsc {
    fn send(&self, state: &SpscState, item: u8) -> Outcome<Self> {
        if state.closed {
            return (SpscRet::Closed, state.clone());
        }
        if state.items.len() >= self.capacity {
            return (SpscRet::Full, state.clone());
        }
        let items = [&state.items[..], &[item]].concat();
        (SpscRet::Done, SpscState { items, ..state.clone() })
    }

    fn recv(state: &SpscState) -> Outcome<Self> {
        match state.items.split_first() {
            Some((item, rest)) => (SpscRet::Got(*item), SpscState { items: rest.to_vec(), ..state.clone() }),
            None if state.closed => (SpscRet::Closed, state.clone()),
            None => (SpscRet::Empty, state.clone()),
        }
    }
}

impl Specification for Spsc {
    type Op = SpscOp;
    type Ret = SpscRet;
    type State = SpscState;

    fn fit(self, tasks: usize) -> Spsc {
        Spsc { ends: tasks, ..self }
    }

    fn init(&self) -> SpscState {
        SpscState { items: Vec::new(), closed: self.ends < 2, dropped: 0 }
    }

    fn outcomes(&self, state: &SpscState, by: Task, op: &SpscOp) -> Vec<Outcome<Self>> {
        let unless = |outcome: Outcome<Self>, waits: SpscRet| {
            if outcome.0 == waits { Vec::new() } else { vec![outcome] }
        };
        let closed = SpscState { closed: true, ..state.clone() };
        match *op {
            _ if state.dropped >> by & 1 == 1 => vec![(SpscRet::Refused, state.clone())],
            SpscOp::Send(_) | SpscOp::TrySend(_) if by != SENDER => vec![(SpscRet::Refused, state.clone())],
            SpscOp::Recv | SpscOp::TryRecv if by != RECEIVER => vec![(SpscRet::Refused, state.clone())],
            SpscOp::Send(item) => unless(self.send(state, item), SpscRet::Full),
            SpscOp::TrySend(item) => vec![self.send(state, item)],
            SpscOp::Recv => unless(Spsc::recv(state), SpscRet::Empty),
            SpscOp::TryRecv => vec![Spsc::recv(state)],
            SpscOp::Len => vec![(SpscRet::Len(state.items.len()), state.clone())],
            SpscOp::Close => vec![(SpscRet::WasOpen(!state.closed), closed)],
            SpscOp::Drop => {
                vec![(SpscRet::Done, SpscState { dropped: state.dropped | 1 << by, ..closed })]
            }
        }
    }

    fn declaration(&self) -> String {
        format!("spsc({})", self.capacity)
    }

    fn call(&self, op: &SpscOp) -> String {
        match op {
            SpscOp::Send(item) => format!("send({item})"),
            SpscOp::TrySend(item) => format!("try_send({item})"),
            SpscOp::Recv => "recv()".to_owned(),
            SpscOp::TryRecv => "try_recv()".to_owned(),
            SpscOp::Len => "len()".to_owned(),
            SpscOp::Close => "close()".to_owned(),
            SpscOp::Drop => "drop()".to_owned(),
        }
    }
}
