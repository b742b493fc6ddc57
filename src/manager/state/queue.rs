//! Items in the order in which they came, and how many of them are not done.
//!
//! Called by `server` for `Queue`.
//!
//! | call | empty | between | full |
//! |---|---|---|---|
//! | put | one more | one more | waits |
//! | get | waits | one less | one less |
//! | join | waits until every item was said to be done | the same | the same |
//!
//! When a client dies, items that it got are gone with it, as those of any queue; its
//! tasks stay not done.

use super::object::{Attempt, Method, Object, Who, other_object};
use crate::manager::message::{Bytes, Reply};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A method of a queue.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::manager) enum QueueCall {
    Put(Bytes),
    Get,
    Len,
    TaskDone,
    Join,
}

pub(super) struct Queue {
    room: u64,
    items: VecDeque<Bytes>,
    not_done: u64,
}

impl Queue {
    /// A queue for so many items; `None` for any number.
    pub(super) fn new(room: Option<u64>) -> Queue {
        Queue { room: room.unwrap_or(u64::MAX), items: VecDeque::new(), not_done: 0 }
    }
}

impl Object for Queue {
    fn attempt(&mut self, _: Who, method: &mut Method) -> Attempt {
        let Method::Queue(call) = method else { return other_object() };
        Attempt::Done(match call {
            QueueCall::Put(_) if self.items.len() as u64 >= self.room => return Attempt::Wait,
            QueueCall::Put(item) => {
                self.items.push_back(Bytes(std::mem::take(&mut item.0)));
                self.not_done += 1;
                Reply::Done
            }
            QueueCall::Get => match self.items.pop_front() {
                Some(item) => Reply::Maybe(Some(item)),
                None => return Attempt::Wait,
            },
            QueueCall::Len => Reply::Number(self.items.len() as u64),
            QueueCall::TaskDone if self.not_done == 0 => {
                return Attempt::refused("task_done() was called more often than items were put");
            }
            QueueCall::TaskDone => {
                self.not_done -= 1;
                Reply::Done
            }
            QueueCall::Join if self.not_done > 0 => return Attempt::Wait,
            QueueCall::Join => Reply::Done,
        })
    }
}
