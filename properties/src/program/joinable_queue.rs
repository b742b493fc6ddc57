//! Programs over queues of work and over the simple queue, and what they are run on.

use super::queue::{got, put};
use super::subject::{Generate, Subject};
use crate::spec::{JoinableOp, JoinableQueue, JoinableRet, Order, Queue, QueueOp, QueueRet, Task};
use proptest::prelude::*;
use selvedge::platform::Tasks;
use selvedge::{Shareable, channel};

impl Generate for JoinableQueue {
    fn ops() -> BoxedStrategy<JoinableOp> {
        prop_oneof![
            8 => Queue::ops().prop_map(JoinableOp::Queue),
            4 => Just(JoinableOp::TaskDone),
            2 => Just(JoinableOp::Join),
        ]
        .boxed()
    }
}

/// Small queues of work, and one without a bound.
fn setups() -> BoxedStrategy<JoinableQueue> {
    super::queue::setups(Order::Fifo).prop_map(|queue| JoinableQueue { capacity: queue.capacity }).boxed()
}

impl<P: Tasks> Subject for channel::JoinableQueue<u8, P>
where
    Self: Shareable + Send + Sync,
{
    type Spec = JoinableQueue;
    /// How many items the task has: those of a task that ends are lost.
    type Held<'a> = u32;

    fn setups() -> BoxedStrategy<JoinableQueue> {
        setups()
    }

    fn new(setup: &JoinableQueue) -> Self {
        setup.capacity.map_or_else(Self::unbounded, Self::bounded)
    }

    fn perform(&self, has: &mut u32, _: Task, op: &JoinableOp) -> JoinableRet {
        let op = match op {
            JoinableOp::Queue(op) => op,
            JoinableOp::TaskDone if self.task_done().is_ok() => {
                *has -= 1;
                return JoinableRet::Done;
            }
            JoinableOp::TaskDone => return JoinableRet::Refused,
            JoinableOp::Join => {
                return self
                    .join()
                    .map_or_else(|lost| JoinableRet::Lost(lost.tasks as u32), |()| JoinableRet::Done);
            }
        };
        let ret = match *op {
            QueueOp::Put(item) => put(self.put(item)),
            QueueOp::TryPut(item) => put(self.try_put(item)),
            QueueOp::Get => got(self.get()),
            QueueOp::TryGet => got(self.try_get()),
            QueueOp::Close => QueueRet::WasOpen(self.close()),
            QueueOp::Size => QueueRet::Size(self.qsize()),
        };
        *has += u32::from(matches!(ret, QueueRet::Took(_)));
        JoinableRet::Queue(ret)
    }

    fn closing(has: &u32) -> Option<JoinableOp> {
        (*has > 0).then_some(JoinableOp::TaskDone)
    }
}

impl<P: Tasks> Subject for channel::SimpleQueue<u8, P>
where
    Self: Shareable + Send + Sync,
{
    type Spec = Queue;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Queue> {
        Just(Queue { order: Order::Fifo, capacity: None }).boxed()
    }

    fn new(_: &Queue) -> Self {
        channel::SimpleQueue::new()
    }

    fn perform(&self, (): &mut (), _: Task, op: &QueueOp) -> QueueRet {
        match *op {
            // There is always room.
            QueueOp::Put(item) | QueueOp::TryPut(item) => put(self.put(item)),
            QueueOp::Get => got(self.get()),
            QueueOp::TryGet => got(self.try_get()),
            QueueOp::Close => QueueRet::WasOpen(self.close()),
            QueueOp::Size => QueueRet::Size(self.qsize()),
        }
    }
}
