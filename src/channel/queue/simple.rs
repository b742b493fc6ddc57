//! A queue with as little to know about it as possible: put, get, empty.
//!
//! Called by programs that need no capacity and no timeouts.
//!
//! When a process dies here, see [`Queue`].

use super::{GetError, PutError, Queue};
use crate::Error;
use crate::platform::{Native, Tasks};
use crate::shm::Shareable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// A queue for as many items as there is memory for (256 MiB, or under a scheduler 64 KiB),
/// first in, first out.
///
/// ```
/// let queue = selvedge::SimpleQueue::new();
/// queue.put(vec![1, 2])?;
/// assert!(!queue.is_empty());
/// assert_eq!(queue.get()?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SimpleQueue<T, P: Tasks = Native>(Queue<T, P>);

// SAFETY: a handle.
unsafe impl<T: 'static, P: Tasks> Shareable for SimpleQueue<T, P>
where
    P::Segment: Shareable,
{
    const FORK_ONLY: bool = <P::Segment as Shareable>::FORK_ONLY;
}

impl<T: Serialize + DeserializeOwned, P: Tasks> SimpleQueue<T, P> {
    /// An empty queue.
    ///
    /// # Panics
    /// If the operating system has no memory to give; see [`try_new`](Self::try_new).
    #[allow(clippy::new_without_default, reason = "this maps memory, which is not to be done unawares")]
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        SimpleQueue(Queue::unbounded())
    }

    /// An empty queue.
    ///
    /// # Errors
    /// As [`QueueBuilder::build`](super::QueueBuilder::build).
    #[track_caller]
    pub fn try_new() -> Result<Self, Error> {
        Queue::try_unbounded().map(SimpleQueue)
    }

    /// Puts an item in. Waits only if the memory is used up.
    ///
    /// # Errors
    /// As [`Queue::put`].
    #[track_caller]
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.0.put(item)
    }

    /// Gets an item out, waiting for one as long as it takes.
    ///
    /// # Errors
    /// As [`Queue::get`].
    #[track_caller]
    pub fn get(&self) -> Result<T, GetError> {
        self.0.get()
    }

    /// Gets an item out if there is one.
    ///
    /// # Errors
    /// As [`Queue::try_get`].
    #[track_caller]
    pub fn try_get(&self) -> Result<T, GetError> {
        self.0.try_get()
    }

    /// Gets an item out unless there is none for longer than `timeout`.
    ///
    /// # Errors
    /// As [`Queue::get_timeout`].
    #[track_caller]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.0.get_timeout(timeout)
    }

    /// How many items there are at one moment within the call.
    #[doc(alias = "len")]
    #[track_caller]
    #[must_use]
    pub fn qsize(&self) -> usize {
        self.0.qsize()
    }

    /// Whether there are no items at one moment within the call.
    #[doc(alias = "empty")]
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Closes the queue; see [`Queue::close`].
    #[track_caller]
    pub fn close(&self) -> bool {
        self.0.close()
    }

    /// Whether the queue was closed.
    #[track_caller]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl<T: Serialize + DeserializeOwned, P: Tasks> Clone for SimpleQueue<T, P> {
    fn clone(&self) -> Self {
        SimpleQueue(self.0.clone())
    }
}

/// As part of a message it is what a [`Queue`] is.
impl<T: Serialize + DeserializeOwned, P: Tasks> Serialize for SimpleQueue<T, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Serialize + DeserializeOwned, P: Tasks> Deserialize<'de> for SimpleQueue<T, P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Queue::deserialize(deserializer).map(SimpleQueue)
    }
}

impl<T, P: Tasks> fmt::Debug for SimpleQueue<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimpleQueue").finish_non_exhaustive()
    }
}
