//! Programs over a queue, and the queues that they are run on.

use super::subject::{Generate, Subject};
use crate::spec::{Order, Queue, QueueOp, QueueRet, Task};
use proptest::prelude::*;
use selvedge::channel::{self, Codec, Fifo, Lifo, Priority};
use selvedge::platform::Tasks;
use selvedge::{GetError, PutError, Shareable};

impl Generate for Queue {
    fn ops() -> BoxedStrategy<QueueOp> {
        prop_oneof![
            4 => (0..10_u8).prop_map(QueueOp::Put),
            2 => (0..10_u8).prop_map(QueueOp::TryPut),
            2 => Just(QueueOp::TryGet),
            4 => Just(QueueOp::Get),
            1 => Just(QueueOp::Size),
            1 => Just(QueueOp::Close),
        ]
        .boxed()
    }
}

/// An order of a queue as its specification knows it.
pub trait Ordered: channel::Order {
    /// The same order.
    const ORDER: Order;
}

impl Ordered for Fifo {
    const ORDER: Order = Order::Fifo;
}
impl Ordered for Lifo {
    const ORDER: Order = Order::Lifo;
}
impl Ordered for Priority {
    const ORDER: Order = Order::Priority;
}

/// Queues of this order, small ones and one without a bound.
pub fn setups(order: Order) -> BoxedStrategy<Queue> {
    let capacity = prop_oneof![3 => (1..=3_usize).prop_map(Some), 1 => Just(None)];
    capacity.prop_map(move |capacity| Queue { order, capacity }).boxed()
}

pub(super) fn put(result: Result<(), PutError<u8>>) -> QueueRet {
    match result {
        Ok(()) => QueueRet::Done,
        Err(PutError::Full(_)) => QueueRet::Full,
        Err(PutError::Closed(_)) => QueueRet::Closed,
        Err(other) => panic!("a small number was refused: {other}"),
    }
}

pub(super) fn got(result: Result<u8, GetError>) -> QueueRet {
    match result {
        Ok(item) => QueueRet::Took(item),
        Err(GetError::Empty) => QueueRet::Empty,
        Err(GetError::Closed) => QueueRet::Closed,
        Err(other) => panic!("what was put cannot be got: {other}"),
    }
}

impl<P: Tasks, O: Ordered, C: Codec<u8> + 'static> Subject for channel::Queue<u8, P, O, C>
where
    Self: Shareable + Send + Sync,
{
    type Spec = Queue;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Queue> {
        setups(O::ORDER)
    }

    fn new(setup: &Queue) -> Self {
        setup.capacity.map_or_else(Self::unbounded, Self::bounded)
    }

    fn perform(&self, (): &mut (), _: Task, op: &QueueOp) -> QueueRet {
        match *op {
            QueueOp::Put(item) => put(self.put(item)),
            QueueOp::TryPut(item) => put(self.try_put(item)),
            QueueOp::Get => got(self.get()),
            QueueOp::TryGet => got(self.try_get()),
            QueueOp::Close => QueueRet::WasOpen(self.close()),
            QueueOp::Size => QueueRet::Size(self.qsize()),
        }
    }
}
