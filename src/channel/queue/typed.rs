//! A queue: items that many tasks put in and many tasks get out, each item once.
//!
//! Called by programs: between threads and between processes. It is a handle on memory of
//! its own, made before the processes that share it; cloning gives another handle on the same
//! queue.
//!
//! | state | `put` | `get` |
//! |---|---|---|
//! | empty | puts | waits |
//! | neither | puts | gets |
//! | full | waits | gets |
//! | closed, items left | [`PutError::Closed`] | gets |
//! | closed, empty | [`PutError::Closed`] | [`GetError::Closed`] |
//!
//! 1. What one task puts, each task that gets it or something after it sees in the order in
//!    which it was put (in other [orders](super::Order), see there).
//! 2. A put that returned `Ok` has put its item, and one that returned an error has not and
//!    gives it back.
//! 3. Each item is taken by one task, at one moment: immediately before `get` returns, or, in
//!    place, when the closure has returned.
//! 4. Nobody gets a later item while one is read in place: that one would come behind it if the
//!    reader died. So who does not want to wait is refused then, and not told that there is none.
//! 5. Encoding errors, lengths and capacities are checked before anything is changed.
//!
//! Orderings: what was done before a put is seen after the get of that item.
//!
//! **When a process dies here**, at whatever instruction, the others go on, within a
//! millisecond as a rule. An item whose `put` had not returned is in the queue or is not,
//! never in part. An item whose `get` had not returned is still in the queue or was taken; one
//! that was read in place is in the queue unless the closure had returned. Nothing is ever
//! twice in the queue. A thread that dies while its process lives on is a death too.

use super::build::QueueBuilder;
use super::handle::Handle;
use super::store::{Order, Store};
use super::{Codec, Fifo, Plain, Serial};
#[cfg(doc)]
use super::{GetError, PutError};
use crate::Error;
use crate::platform::{Native, Observe, Segment, Site, Tasks};
use crate::shm::carried::{Carried, carried};
use crate::shm::{Layout, Shareable};
use std::fmt;
use std::marker::PhantomData;

/// Items that tasks put in and get out.
///
/// ```
/// use selvedge::{Process, Queue};
///
/// let queue = Queue::bounded(3);
/// let child = Process::spawn({
///     let queue = queue.clone();
///     move || {
///         for word in ["never", "say", "never"] {
///             queue.put(word.to_owned()).unwrap();
///         }
///         queue.close();
///     }
/// });
/// let mut words: Vec<String> = Vec::new();
/// while let Ok(word) = queue.get() {
///     words.push(word);
/// }
/// assert_eq!(words, ["never", "say", "never"]);
/// assert!(child.join()?.success());
/// # Ok::<(), selvedge::Error>(())
/// ```
#[doc(alias = "channel")]
pub struct Queue<T, P: Tasks = Native, O: Order = Fifo, C = Serial> {
    pub(super) handle: Handle<O::Store<P>, P>,
    codec: PhantomData<fn(T) -> C>,
}

/// A queue of items that are their bytes: nothing is serialised, and an item can be written
/// and read in place.
///
/// ```
/// let queue = selvedge::PlainQueue::bounded(2);
/// queue.put([7_u8; 64])?;
/// assert_eq!(queue.get_with(|item: &[u8; 64]| item[63])?, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type PlainQueue<T, P = Native> = Queue<T, P, Fifo, Plain>;

impl<T, P: Tasks, O: Order, C: Codec<T>> Queue<T, P, O, C> {
    /// A queue for at most `capacity` items.
    ///
    /// # Panics
    /// If `capacity` is 0 or more than 2^31 - 1, or the operating system has no memory to
    /// give; see [`try_bounded`](Self::try_bounded).
    #[track_caller]
    #[must_use]
    pub fn bounded(capacity: usize) -> Self {
        match Self::try_bounded(capacity) {
            Ok(queue) => queue,
            Err(error) => panic!("no queue for {capacity} items: {error}"),
        }
    }

    /// A queue for at most `capacity` items.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`].
    #[track_caller]
    pub fn try_bounded(capacity: usize) -> Result<Self, Error> {
        Self::builder().capacity(capacity).build()
    }

    /// A queue for as many items as there is memory for: 256 MiB, or under a scheduler
    /// 64 KiB; [`QueueBuilder::bytes`] changes that. When it is used up, the queue is full.
    ///
    /// # Panics
    /// If the operating system has no memory to give; see
    /// [`try_unbounded`](Self::try_unbounded).
    #[track_caller]
    #[must_use]
    pub fn unbounded() -> Self {
        match Self::try_unbounded() {
            Ok(queue) => queue,
            Err(error) => panic!("no queue: {error}"),
        }
    }

    /// As [`unbounded`](Self::unbounded).
    ///
    /// # Errors
    /// As [`QueueBuilder::build`].
    #[track_caller]
    pub fn try_unbounded() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// To say more about a queue before it is made.
    pub fn builder() -> QueueBuilder<T, P, O, C> {
        QueueBuilder::new()
    }

    pub(super) fn of(handle: Handle<O::Store<P>, P>) -> Self {
        Queue { handle, codec: PhantomData }
    }

    /// Closes the queue for all its handles: no item is put any more, and who waits for room,
    /// or for an item once the queue is empty, is told. Says whether it was open.
    #[doc(alias = "shutdown")]
    #[track_caller]
    pub fn close(&self) -> bool {
        // SAFETY: the memory behind the store is for it alone.
        unsafe { self.handle.store().close(self.handle.memory(), P::Site::here()) }
    }

    /// Whether the queue was closed.
    #[track_caller]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.look("is_closed", P::Site::here(), |_, closed| closed)
    }

    /// How many items there are at one moment within the call; others may put and get at
    /// once.
    #[doc(alias = "len")]
    #[track_caller]
    #[must_use]
    pub fn qsize(&self) -> usize {
        self.look("qsize", P::Site::here(), |count, _| count as usize)
    }

    /// Whether there are no items at one moment within the call.
    #[doc(alias = "empty")]
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.look("is_empty", P::Site::here(), |count, _| count == 0)
    }

    /// Whether there are as many items as its capacity at one moment within the call. A queue
    /// without a capacity never is, though its memory can be used up.
    #[doc(alias = "full")]
    #[track_caller]
    #[must_use]
    pub fn is_full(&self) -> bool {
        let limit = self.handle.store().limit();
        self.look("is_full", P::Site::here(), |count, _| count == limit)
    }

    /// The most items that it holds; `None` if that is a matter of memory.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        let limit = self.handle.store().limit() as usize;
        (limit < QueueBuilder::<T, P, O, C>::MOST_ITEMS).then_some(limit)
    }

    /// The longest item that it has room for, in bytes, encoded.
    #[must_use]
    pub fn largest(&self) -> usize {
        C::EACH.map_or(self.handle.store().largest(), |each| each.min(self.handle.store().largest()))
    }

    /// The address by which a report names this queue.
    #[must_use]
    pub fn address(&self) -> usize {
        self.handle.store().address()
    }

    fn look<R: Observe>(&self, name: &'static str, site: P::Site, look: impl FnOnce(u32, bool) -> R) -> R {
        // SAFETY: the memory behind the store is for it alone.
        unsafe { self.handle.store().look(self.handle.memory(), name, site, look) }
    }
}

impl<T, P: Tasks, C> Queue<T, P, Fifo, C> {
    /// How many items were ever put, and how many got, modulo 2^32.
    pub(super) fn passed(&self) -> (u32, u32) {
        self.handle.store().passed()
    }
}

impl<T, P: Tasks, O: Order, C: Codec<T>> Carried for Queue<T, P, O, C> {
    type Platform = P;

    fn layout() -> Layout {
        Layout::named::<Self, (O::Store<P>, T), P>(0)
    }

    fn segment(&self) -> &P::Segment {
        &self.handle.segment
    }

    fn of_segment(segment: P::Segment) -> Result<Self, String> {
        if segment.size() < size_of::<O::Store<P>>() {
            return Err(format!("its {} bytes are too few for a queue", segment.size()));
        }
        Ok(Queue::of(Handle::new(segment)))
    }
}

carried!([T, P: Tasks, O: Order, C: Codec<T>] Queue<T, P, O, C>);

// SAFETY: a handle is its segment.
unsafe impl<T: 'static, P: Tasks, O: Order, C: 'static> Shareable for Queue<T, P, O, C>
where
    P::Segment: Shareable,
{
    const FORK_ONLY: bool = <P::Segment as Shareable>::FORK_ONLY;
}

impl<T, P: Tasks, O: Order, C: Codec<T>> Clone for Queue<T, P, O, C> {
    fn clone(&self) -> Self {
        Queue::of(Handle::new(self.handle.segment.clone()))
    }
}

impl<T, P: Tasks, O: Order, C> fmt::Debug for Queue<T, P, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To print must not be to look, which a scheduler would see.
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}
