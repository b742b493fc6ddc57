//! A queue of work, and waiting until all of it is done.
//!
//! Putting and getting is as with [`Queue`](super::Queue); besides:
//!
//! | state | `task_done` | `join` |
//! |---|---|---|
//! | the caller has items that are not done | one is done | waits |
//! | somebody else has, or some are in the queue | refused | waits |
//! | all are done | refused | returns |
//! | all are done or lost | refused | returns, and tells once how many were lost |
//!
//! When a task dies, the items that it has are lost.

use super::queue::{Order, Queue, QueueOp, QueueRet, QueueState};
use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

/// A queue of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinableQueue {
    /// The most items; `None` if that is a matter of memory.
    pub capacity: Option<usize>,
}

/// What one can do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JoinableOp {
    /// What one can do with any queue.
    Queue(QueueOp),
    /// Says that an item which the caller has got is done.
    TaskDone,
    /// Waits until all are.
    Join,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JoinableRet {
    /// What comes back from any queue.
    Queue(QueueRet),
    /// It is done.
    Done,
    /// The caller has no item.
    Refused,
    /// All else is done, but so many were lost.
    Lost(u32),
}

/// The queue, how many items each task has, by its number, and how many were lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinableState {
    /// What is in the queue, and whether it was closed.
    pub queue: QueueState,
    /// How many items each task has.
    pub has: [u32; 8],
    /// How many were lost and not told of.
    pub lost: u32,
}

impl JoinableQueue {
    fn queue(self) -> Queue {
        Queue { order: Order::Fifo, capacity: self.capacity }
    }
}

impl Specification for JoinableQueue {
    type Op = JoinableOp;
    type Ret = JoinableRet;
    type State = JoinableState;

    fn init(&self) -> JoinableState {
        JoinableState { queue: self.queue().init(), has: [0; 8], lost: 0 }
    }

    fn outcomes(&self, state: &JoinableState, by: Task, op: &JoinableOp) -> Vec<Outcome<Self>> {
        let me = usize::from(by);
        let mut next = state.clone();
        match op {
            JoinableOp::Queue(op) => {
                let outcomes = self.queue().outcomes(&state.queue, by, op).into_iter();
                let with = |(ret, queue)| {
                    let mut next = JoinableState { queue, ..state.clone() };
                    next.has[me] += u32::from(matches!(ret, QueueRet::Took(_)));
                    (JoinableRet::Queue(ret), next)
                };
                outcomes.map(with).collect()
            }
            JoinableOp::TaskDone if state.has[me] == 0 => vec![(JoinableRet::Refused, next)],
            JoinableOp::TaskDone => {
                next.has[me] -= 1;
                vec![(JoinableRet::Done, next)]
            }
            JoinableOp::Join if !state.queue.0.is_empty() || state.has.iter().sum::<u32>() > 0 => Vec::new(),
            JoinableOp::Join if state.lost == 0 => vec![(JoinableRet::Done, next)],
            JoinableOp::Join => {
                next.lost = 0;
                vec![(JoinableRet::Lost(state.lost), next)]
            }
        }
    }

    fn died(&self, state: &JoinableState, by: Task) -> JoinableState {
        let mut next = state.clone();
        next.lost += std::mem::take(&mut next.has[usize::from(by)]);
        next
    }

    fn declaration(&self) -> String {
        self.queue().declaration().replace("Queue", "JoinableQueue")
    }

    fn call(&self, op: &JoinableOp) -> String {
        match op {
            JoinableOp::Queue(op) => self.queue().call(op),
            JoinableOp::TaskDone => "task_done()".to_owned(),
            JoinableOp::Join => "join()".to_owned(),
        }
    }
}
