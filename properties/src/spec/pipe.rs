//! A pipe for messages with one reader, task 0, and a writer in every other task.
//!
//! | state | `send` | `recv` |
//! |---|---|---|
//! | some in it | in | next |
//! | empty, some writers | in | waits |
//! | empty, no writers | | end of file |
//! | the reader is gone | in, or broken | |
//!
//! A writer that has closed its end, or the wrong end for an operation, is refused. When a task
//! dies, its end is closed; what it had sent can be received.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pipe {
    /// How many tasks have an end that sends.
    pub writers: u32,
}

/// What one can do with an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PipeOp {
    /// Sends a number.
    Send(u8),
    /// Receives one, waiting.
    Recv,
    /// Closes the end: the last that a task does.
    Close,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PipeRet {
    /// It was done.
    Done,
    /// It was received.
    Got(u8),
    /// Nobody will ever send again.
    EndOfFile,
    /// Nobody will ever receive again.
    Broken,
    /// Not with this end.
    Refused,
}

/// What was sent and not received, and whose ends are open, by number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PipeState {
    /// In the order in which it was sent.
    pub messages: Vec<u8>,
    /// Whose ends are open.
    pub open: u32,
}

impl Specification for Pipe {
    type Op = PipeOp;
    type Ret = PipeRet;
    type State = PipeState;

    fn fit(self, tasks: usize) -> Pipe {
        Pipe { writers: tasks as u32 - 1 }
    }

    fn init(&self) -> PipeState {
        PipeState { messages: Vec::new(), open: (1 << (self.writers + 1)) - 1 }
    }

    fn outcomes(&self, state: &PipeState, by: Task, op: &PipeOp) -> Vec<Outcome<Self>> {
        let refused = (PipeRet::Refused, state.clone());
        let closed = PipeState { open: state.open & !(1 << by), ..state.clone() };
        match *op {
            PipeOp::Close => vec![(PipeRet::Done, closed)],
            _ if state.open >> by & 1 == 0 => vec![refused],
            PipeOp::Send(_) if by == 0 => vec![refused],
            PipeOp::Send(message) => {
                let messages = [&state.messages[..], &[message]].concat();
                let sent = (PipeRet::Done, PipeState { messages, ..state.clone() });
                // Others may have a copy of the reader's end for as long as they live.
                if state.open & 1 == 0 { vec![sent, (PipeRet::Broken, state.clone())] } else { vec![sent] }
            }
            PipeOp::Recv if by != 0 => vec![refused],
            PipeOp::Recv => match state.messages.split_first() {
                Some((message, rest)) => {
                    vec![(PipeRet::Got(*message), PipeState { messages: rest.to_vec(), ..state.clone() })]
                }
                None if state.open == 1 => vec![(PipeRet::EndOfFile, state.clone())],
                None => Vec::new(),
            },
        }
    }

    fn died(&self, state: &PipeState, by: Task) -> PipeState {
        PipeState { open: state.open & !(1 << by), ..state.clone() }
    }

    fn declaration(&self) -> String {
        "pipe(false)".to_owned()
    }

    fn call(&self, op: &PipeOp) -> String {
        match op {
            PipeOp::Send(message) => format!("send({message})"),
            PipeOp::Recv => "recv()".to_owned(),
            PipeOp::Close => "close()".to_owned(),
        }
    }
}
