//! How much a queue is to hold, said before it exists.
//!
//! Called by programs to which neither [`bounded`](super::Queue::bounded) nor
//! [`unbounded`](super::Queue::unbounded) is enough.
//!
//! When a process dies here, nothing was made yet.

use super::handle::Handle;
use super::store::{Order, Room, Store};
use super::typed::Queue;
use super::{Codec, Fifo, Serial};
use crate::Error;
use crate::platform::{Native, Segment, Tasks};
use std::marker::PhantomData;

/// Says how much a queue is to hold, and then makes it.
///
/// ```
/// let queue: selvedge::Queue<String> = selvedge::Queue::builder().capacity(100).bytes(1 << 20).build()?;
/// queue.put("a word".to_owned())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct QueueBuilder<T, P: Tasks = Native, O: Order = Fifo, C: Codec<T> = Serial> {
    capacity: Option<usize>,
    bytes: Option<usize>,
    queue: PhantomData<fn(T, O, C) -> P>,
}

impl<T, P: Tasks, O: Order, C: Codec<T>> QueueBuilder<T, P, O, C> {
    /// The most items that a queue without a capacity holds.
    pub const MOST_ITEMS: usize = (1 << 31) - 1;
    /// The most memory that a queue takes for its items, in bytes: 8 GiB less a page.
    pub const MOST_BYTES: usize = (8 << 30) - 4096;

    pub(super) fn new() -> Self {
        QueueBuilder { capacity: None, bytes: None, queue: PhantomData }
    }

    /// The most items that it holds, at least 1. Without it, as many as there is memory for.
    pub fn capacity(mut self, items: usize) -> Self {
        self.capacity = Some(items);
        self
    }

    /// How many bytes of memory it may take for its items, at least 64 and at most
    /// [`MOST_BYTES`](Self::MOST_BYTES). The memory is reserved at once and taken as it is
    /// needed. An item can be as long as about a quarter of it.
    ///
    /// Without it, 256 MiB, or under a scheduler 64 KiB. A queue of plain items with a
    /// capacity takes what these need.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Makes the queue.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a capacity or a number of bytes that is out of range,
    /// [`Error::Os`] if the operating system has no memory to give.
    #[track_caller]
    pub fn build(self) -> Result<Queue<T, P, O, C>, Error> {
        P::made("Queue");
        const { assert!(C::KEYS || !O::KEYED, "plain items have no keys to put them in order by") };
        let invalid = |what, given: usize, allowed: String| Error::InvalidArgument {
            what,
            given: given.to_string(),
            allowed,
        };
        if let Some(items) = self.capacity
            && !(1..=Self::MOST_ITEMS).contains(&items)
        {
            let most = Self::MOST_ITEMS;
            let allowed = format!("from 1 to {most}; a queue without a limit is made by unbounded()");
            return Err(invalid("the capacity of a queue", items, allowed));
        }
        if let Some(bytes) = self.bytes
            && !(64..=Self::MOST_BYTES).contains(&bytes)
        {
            let allowed = format!("from 64 to {}", Self::MOST_BYTES);
            return Err(invalid("the memory of a queue in bytes", bytes, allowed));
        }
        let room = Room {
            limit: self.capacity.map_or(u32::MAX, |items| items as u32),
            each: C::EACH.filter(|_| self.bytes.is_none()),
            bytes: self.bytes.unwrap_or(P::RESERVE),
        };
        let shape = <O::Store<P> as Store<P>>::shape(&room).ok_or_else(|| {
            let each = room.each.unwrap_or_default();
            let allowed = format!("small enough for {} bytes in all, at {each} bytes each", Self::MOST_BYTES);
            invalid("the capacity of a queue", room.limit as usize, allowed)
        })?;
        let size = size_of::<O::Store<P>>() + O::Store::<P>::bytes(shape);
        let segment = P::segment(size).map_err(Error::os("mmap"))?;
        // SAFETY: the segment is new, aligned and large enough: nobody else has it yet.
        unsafe { segment.base().cast::<O::Store<P>>().write(O::Store::<P>::new(&room, shape)) };
        Ok(Queue::of(Handle::new(segment)))
    }
}
