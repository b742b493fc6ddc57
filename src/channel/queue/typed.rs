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
//! 4. Encoding errors, lengths and capacities are checked before anything is changed.
//!
//! Orderings: what was done before a put is seen after the get of that item.
//!
//! **When a process dies here**, at whatever instruction, the others go on, within a
//! millisecond as a rule. An item whose `put` had not returned is in the queue or is not,
//! never in part. An item whose `get` had not returned is still in the queue or was taken; one
//! that was read in place is in the queue unless the closure had returned. Nothing is ever
//! twice in the queue. A thread that dies while its process lives on is a death too.

use super::build::QueueBuilder;
use super::codec::InPlace;
use super::store::{Item, Order, Store};
use super::{Codec, Fifo, GetError, Plain, PutError, Serial};
use crate::Error;
use crate::platform::{Native, Observe, Segment, Site, Tasks};
use crate::raw::{Patience, Refusal};
use crate::shm::Shareable;
use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::time::Duration;

/// A handle on a store in memory of its own.
pub(super) struct Handle<S, P: Tasks> {
    segment: P::Segment,
    store: PhantomData<S>,
}

impl<S: Store<P>, P: Tasks> Handle<S, P> {
    /// A handle on a segment at whose start a store was written.
    pub(super) fn new(segment: P::Segment) -> Self {
        Handle { segment, store: PhantomData }
    }

    #[inline(always)]
    fn store(&self) -> &S {
        // SAFETY: the store was written before there was a handle, and is used by many.
        unsafe { &*self.segment.base().cast::<S>() }
    }

    #[inline(always)]
    fn memory(&self) -> *mut u8 {
        // SAFETY: the segment was made for a store and what lies behind it.
        unsafe { self.segment.base().add(size_of::<S>()) }
    }
}

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
    handle: Handle<O::Store<P>, P>,
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
        Self::try_bounded(capacity).unwrap_or_else(|error| panic!("no queue for {capacity} items: {error}"))
    }

    /// A queue for at most `capacity` items.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`].
    pub fn try_bounded(capacity: usize) -> Result<Self, Error> {
        Self::builder().capacity(capacity).build()
    }

    /// A queue for as many items as there is memory for: 256 MiB, or under a scheduler
    /// 64 KiB; [`QueueBuilder::bytes`] changes that. When it is used up, the queue is full.
    ///
    /// # Panics
    /// If the operating system has no memory to give; [`builder`](Self::builder) returns that
    /// as an error.
    #[track_caller]
    #[must_use]
    pub fn unbounded() -> Self {
        Self::builder().build().unwrap_or_else(|error| panic!("no queue: {error}"))
    }

    /// To say more about a queue before it is made.
    pub fn builder() -> QueueBuilder<T, P, O, C> {
        QueueBuilder::new()
    }

    /// Gets an item and calls `claim` immediately before it is taken.
    pub(super) fn get_claiming(
        &self,
        wait: Patience,
        site: P::Site,
        claim: impl FnOnce(),
    ) -> Result<T, GetError> {
        let read = |from, len| {
            // SAFETY: only items of this type were put, by the same codec.
            let item = unsafe { C::decode(from, len) };
            claim();
            item
        };
        self.read(wait, site, read)?.map_err(GetError::Undecodable)
    }

    pub(super) fn of(handle: Handle<O::Store<P>, P>) -> Self {
        Queue { handle, codec: PhantomData }
    }

    /// Puts an item in, waiting for room as long as it takes. It may come back up to a fifth of
    /// a millisecond after there was room, so that there is more of it.
    ///
    /// # Errors
    /// [`PutError`], with the item, if it cannot be put or the queue is closed, also while it
    /// waits.
    #[doc(alias = "send")]
    #[track_caller]
    #[inline]
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_now(item, Patience::Forever, P::Site::here())
    }

    /// Puts an item in if there is room.
    ///
    /// # Errors
    /// As [`put`](Self::put), and [`PutError::Full`] if there is none.
    #[doc(alias = "put_nowait")]
    #[track_caller]
    #[inline]
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_now(item, Patience::Never, P::Site::here())
    }

    /// Puts an item in unless there is no room for longer than `timeout`.
    ///
    /// # Errors
    /// As [`put`](Self::put), and [`PutError::Full`] if there was none.
    #[track_caller]
    #[inline]
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_now(item, Patience::within::<P>(timeout), P::Site::here())
    }

    /// Gets an item out, waiting for one as long as it takes.
    ///
    /// # Errors
    /// [`GetError`] if the queue is closed and empty, also while it waits, or the item cannot
    /// be decoded.
    #[doc(alias = "recv")]
    #[track_caller]
    #[inline]
    pub fn get(&self) -> Result<T, GetError> {
        self.get_now(Patience::Forever, P::Site::here())
    }

    /// Gets an item out if there is one.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`GetError::Empty`] if there is none.
    #[doc(alias = "get_nowait")]
    #[track_caller]
    #[inline]
    pub fn try_get(&self) -> Result<T, GetError> {
        self.get_now(Patience::Never, P::Site::here())
    }

    /// Gets an item out unless there is none for longer than `timeout`.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`GetError::Empty`] if there was none.
    #[track_caller]
    #[inline]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.get_now(Patience::within::<P>(timeout), P::Site::here())
    }

    /// Reads an item where it lies and then takes it out, waiting for one as long as it
    /// takes. Others who get wait meanwhile; those who put do not. `read` must not use this
    /// queue.
    ///
    /// Serialised items are seen as bytes, plain ones as they are. If `read` panics, or its
    /// process dies, the item stays in the queue.
    ///
    /// # Errors
    /// [`GetError::Closed`] if the queue is closed and empty.
    #[track_caller]
    #[inline]
    pub fn get_with<R>(&self, read: impl FnOnce(&C::View) -> R) -> Result<R, GetError> {
        // SAFETY: only items of this type were put, by the same codec.
        self.read(Patience::Forever, P::Site::here(), |from, len| unsafe { C::view(from, len, read) })
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

    #[inline]
    fn put_now(&self, item: T, wait: Patience, site: P::Site) -> Result<(), PutError<T>> {
        let put = match C::encode(&item, O::KEYED) {
            Ok(mut encoded) => self.write(&mut encoded, wait, site),
            Err(reason) => Err(PutError::Unencodable { item: (), reason }),
        };
        put.map_err(|refused| refused.with(item))
    }

    #[inline]
    pub(super) fn write(
        &self,
        item: &mut impl Item,
        wait: Patience,
        site: P::Site,
    ) -> Result<(), PutError<()>> {
        let store = self.handle.store();
        let (bytes, largest) = (item.bytes() + item.key().len(), store.largest());
        if bytes > largest {
            return Err(PutError::TooLarge { item: (), bytes, largest });
        }
        // SAFETY: the memory behind the store is for it alone, and the length was checked.
        let put = unsafe { store.put(self.handle.memory(), wait, site, item) };
        put.map_err(|refusal| match refusal {
            Refusal::WouldBlock => PutError::Full(()),
            Refusal::Closed => PutError::Closed(()),
        })
    }

    #[inline]
    fn get_now(&self, wait: Patience, site: P::Site) -> Result<T, GetError> {
        // SAFETY: only items of this type were put, by the same codec.
        let read = |from, len| unsafe { C::decode(from, len) };
        self.read(wait, site, read)?.map_err(GetError::Undecodable)
    }

    #[inline]
    pub(super) fn read<R>(
        &self,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(*const u8, usize) -> R,
    ) -> Result<R, GetError> {
        // SAFETY: the memory behind the store is for it alone.
        let got = unsafe { self.handle.store().get(self.handle.memory(), wait, site, read) };
        got.map_err(|refusal| match refusal {
            Refusal::WouldBlock => GetError::Empty,
            Refusal::Closed => GetError::Closed,
        })
    }
}

impl<T: Copy + Send + Shareable, P: Tasks, O: Order> Queue<T, P, O, Plain> {
    /// Puts an item in that `fill` writes where it will lie, waiting for room as long as it
    /// takes. Others who put wait meanwhile; those who get do not. `fill` must not use this
    /// queue, and returns the place that it was given, written.
    ///
    /// ```
    /// let queue = selvedge::PlainQueue::<[u8; 4096]>::bounded(2);
    /// queue.put_with(|page| page.write([1; 4096]))?;
    /// assert_eq!(queue.get()?[4095], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PutError`] if the queue is closed, also while it waits, or items of this type are too
    /// large for it. `fill` may not have been called then.
    ///
    /// # Panics
    /// If `fill` panics, or returns another place; nothing was put then.
    #[doc(alias = "loan")]
    #[track_caller]
    #[inline]
    pub fn put_with(&self, fill: impl FnOnce(&mut MaybeUninit<T>) -> &mut T) -> Result<(), PutError<()>> {
        self.write(&mut InPlace::<T, _>::new(fill), Patience::Forever, P::Site::here())
    }
}

impl<T, P: Tasks, C> Queue<T, P, Fifo, C> {
    /// How many items were ever put, and how many got, modulo 2^32.
    pub(super) fn passed(&self) -> (u32, u32) {
        self.handle.store().passed()
    }
}

impl PutError<()> {
    /// The same error, with the item.
    pub(in crate::channel) fn with<T>(self, item: T) -> PutError<T> {
        match self {
            PutError::Full(()) => PutError::Full(item),
            PutError::Closed(()) => PutError::Closed(item),
            PutError::TooLarge { bytes, largest, .. } => PutError::TooLarge { item, bytes, largest },
            PutError::Foreign { owner, .. } => PutError::Foreign { item, owner },
            PutError::Unencodable { reason, .. } => PutError::Unencodable { item, reason },
        }
    }
}

// SAFETY: a handle is its segment.
unsafe impl<T: 'static, P: Tasks, O: Order, C: 'static> Shareable for Queue<T, P, O, C> where
    P::Segment: Shareable
{
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
