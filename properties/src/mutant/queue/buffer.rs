//! A queue whose parts can be replaced by broken ones, and the programs that it is put to.
//!
//! A few places under a lock, and two conditions: there is room, there is an item. What
//! stands here is right ([`Sound`] shows that); each mutant replaces one method.
//!
//! When a process dies under the lock, everybody waits for ever.

use crate::program::{Subject, queue_setups};
use crate::spec::{Order, Queue, QueueOp, QueueRet, Task};
use proptest::prelude::*;
use selvedge_harness::prelude::{Condvar, Mutex, shareable};
use selvedge_harness::{Checked, Shareable};

/// The most items that one of these holds, and one place more.
const PLACES: usize = 32;

/// Who has the lock.
pub type Inside<'a> = selvedge::sync::MutexGuard<'a, Items, Checked>;

shareable! {
    /// What lies under the lock.
    #[derive(Debug)]
    pub struct Items { places: [u8; PLACES], count: usize, most: usize, closed: bool }

    /// The lock, and what one waits for.
    pub struct Store { items: Mutex<Items>, room: Condvar, item: Condvar }
}

impl Items {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many there may be.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Whether no more may come.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The one that came after `index` others.
    pub fn at(&self, index: usize) -> u8 {
        self.places[index]
    }

    /// Puts one in behind the others.
    pub fn push(&mut self, item: u8) {
        self.places[self.count] = item;
        self.count += 1;
    }

    /// Takes out the one at `index`.
    pub fn remove(&mut self, index: usize) -> u8 {
        let item = self.places[index];
        self.places.copy_within(index + 1.., index);
        self.count -= 1;
        item
    }
}

impl Store {
    /// An empty one.
    pub fn new(most: usize) -> Store {
        let items = Items { places: [0; PLACES], count: 0, most, closed: false };
        Store { items: Mutex::new(items), room: Condvar::new(), item: Condvar::new() }
    }

    /// Takes the lock.
    pub fn enter(&self) -> Inside<'_> {
        self.items.lock().expect("nobody panics in it")
    }

    /// Waits until somebody takes an item out or closes it.
    pub fn wait_for_room<'a>(&self, inside: Inside<'a>) -> Inside<'a> {
        self.room.wait(inside).expect("nobody panics in it")
    }

    /// Waits until somebody puts an item in or closes it.
    pub fn wait_for_item<'a>(&self, inside: Inside<'a>) -> Inside<'a> {
        self.item.wait(inside).expect("nobody panics in it")
    }

    /// There is room for one more.
    pub fn tell_room(&self) {
        self.room.notify_one();
    }

    /// There is one more item.
    pub fn tell_item(&self) {
        self.item.notify_one();
    }

    /// There will be neither.
    pub fn tell_everybody(&self) {
        self.room.notify_all();
        self.item.notify_all();
    }
}

/// A queue over a store.
pub trait Buffer: Shareable + Send + Sync {
    /// Which item leaves first.
    const ORDER: Order;

    /// One for so many items.
    fn new(most: usize) -> Self;

    /// What it consists of.
    fn store(&self) -> &Store;

    /// Whether there is no room.
    fn is_full(&self, items: &Items) -> bool {
        items.count() >= items.most()
    }

    /// Puts one in; may wait for room.
    fn put(&self, item: u8, waits: bool) -> QueueRet {
        let mut inside = self.store().enter();
        while !inside.closed && self.is_full(&inside) {
            if !waits {
                return QueueRet::Full;
            }
            inside = self.store().wait_for_room(inside);
        }
        if inside.closed {
            return QueueRet::Closed;
        }
        inside.push(item);
        self.put_in(&inside);
        QueueRet::Done
    }

    /// Tells of an item that was put in.
    fn put_in(&self, items: &Items) {
        let _ = items;
        self.store().tell_item();
    }

    /// Waits until there is an item, or will be none.
    fn await_item<'a>(&self, mut inside: Inside<'a>) -> Inside<'a> {
        while inside.count() == 0 && !inside.closed {
            inside = self.store().wait_for_item(inside);
        }
        inside
    }

    /// Takes one out; may wait for one.
    fn get(&self, waits: bool) -> QueueRet {
        let mut inside = self.store().enter();
        if waits {
            inside = self.await_item(inside);
        }
        if inside.count() == 0 {
            return if inside.closed { QueueRet::Closed } else { QueueRet::Empty };
        }
        let item = self.take(inside);
        self.store().tell_room();
        QueueRet::Took(item)
    }

    /// Which one leaves next; there is one.
    fn next(&self, items: &Items) -> usize {
        match Self::ORDER {
            Order::Fifo => 0,
            Order::Lifo => items.count() - 1,
            Order::Priority => (0..items.count()).min_by_key(|&index| items.at(index)).unwrap_or(0),
        }
    }

    /// Takes out the next one; gives the lock back.
    fn take(&self, mut inside: Inside<'_>) -> u8 {
        let next = self.next(&inside);
        inside.remove(next)
    }

    /// Closes it.
    fn close(&self) -> QueueRet {
        let mut inside = self.store().enter();
        let was_open = !std::mem::replace(&mut inside.closed, true);
        self.closed();
        QueueRet::WasOpen(was_open)
    }

    /// Tells that it was closed.
    fn closed(&self) {
        self.store().tell_everybody();
    }
}

shareable! {
    /// A queue as programs use it.
    pub struct OfBuffer<B: Buffer> { buffer: B }
}

impl<B: Buffer> Subject for OfBuffer<B> {
    type Spec = Queue;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<Queue> {
        queue_setups(B::ORDER)
    }

    fn new(setup: &Queue) -> Self {
        OfBuffer { buffer: B::new(setup.capacity.unwrap_or(PLACES - 1)) }
    }

    fn perform(&self, (): &mut (), _: Task, op: &QueueOp) -> QueueRet {
        match *op {
            QueueOp::Put(item) => self.buffer.put(item, true),
            QueueOp::TryPut(item) => self.buffer.put(item, false),
            QueueOp::Get => self.buffer.get(true),
            QueueOp::TryGet => self.buffer.get(false),
            QueueOp::Close => self.buffer.close(),
            QueueOp::Size => QueueRet::Size(self.buffer.store().enter().count()),
        }
    }
}

/// Declares a queue: its order, what it is called, and the methods that it replaces.
macro_rules! buffer {
    ($order:ident: $(#[$doc:meta])* $name:ident { $($method:item)* }) => {
        selvedge_harness::prelude::shareable! {
            $(#[$doc])*
            pub struct $name { store: $crate::mutant::queue::Store }
        }

        impl $crate::mutant::queue::Buffer for $name {
            const ORDER: $crate::spec::Order = $crate::spec::Order::$order;

            fn new(most: usize) -> Self {
                $name { store: $crate::mutant::queue::Store::new(most) }
            }
            fn store(&self) -> &$crate::mutant::queue::Store {
                &self.store
            }
            $($method)*
        }
    };
}
pub(in crate::mutant) use buffer;

buffer! {
    Fifo:
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
