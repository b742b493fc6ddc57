//! Why an item was not put, or none was got.
//!
//! Returned by every queue. A put that was refused gives its item back.
//!
//! When a process dies, that is no error here: the others go on.

use crate::raw::Refusal;
use std::fmt;

/// Why an item was not put. The item is in it, as it was.
#[non_exhaustive]
pub enum PutError<T> {
    /// The queue was full, and still was when the time was up.
    Full(T),
    /// The queue is closed.
    Closed(T),
    /// Somebody reads or writes an item in place, and still did when the time was up: nobody
    /// knows whether there is room.
    Busy(T),
    /// The item is longer than any that this queue has room for.
    TooLarge {
        /// The item.
        item: T,
        /// Its length in bytes, encoded.
        bytes: usize,
        /// The longest that there is room for, in bytes.
        largest: usize,
    },
    /// Another process sends through this end, of which there can be one user.
    Foreign {
        /// The item.
        item: T,
        /// The number of that process.
        owner: u32,
    },
    /// The item cannot be encoded.
    Unencodable {
        /// The item.
        item: T,
        /// What its `Serialize`, or the format, had against it.
        reason: String,
    },
}

impl<T> PutError<T> {
    /// The item that was not put.
    pub fn into_item(self) -> T {
        match self {
            PutError::Full(item)
            | PutError::Closed(item)
            | PutError::Busy(item)
            | PutError::TooLarge { item, .. }
            | PutError::Foreign { item, .. }
            | PutError::Unencodable { item, .. } => item,
        }
    }

    /// Whether the queue was full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, PutError::Full(_))
    }

    /// Whether the queue is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, PutError::Closed(_))
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Full(_) => f.write_str("the queue is full"),
            PutError::Closed(_) => f.write_str("the queue is closed"),
            PutError::Busy(_) => {
                f.write_str("another task is busy with an item in place: try again, or wait")
            }
            PutError::TooLarge { bytes, largest, .. } => write!(
                f,
                "the item takes {bytes} bytes, but this queue has room for {largest} at most; \
                 build it with more bytes"
            ),
            PutError::Foreign { owner, .. } => write!(f, "{}", foreign("send", *owner)),
            PutError::Unencodable { reason, .. } => write!(f, "the item cannot be encoded: {reason}"),
        }
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Items need not be printable.
        write!(f, "PutError({self})")
    }
}

impl<T> std::error::Error for PutError<T> {}

/// Why no item was got.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GetError {
    /// The queue was empty, and still was when the time was up.
    #[error("the queue is empty")]
    Empty,
    /// The queue is closed, and everything in it was got.
    #[error("the queue is closed")]
    Closed,
    /// Somebody reads the first item in place, or, in a queue of another order than the first in
    /// first out, writes one, and still did when the time was up. The item is gone when that one
    /// comes back, and the next one's if it dies or panics.
    #[error("another task is busy with an item in place: try again, or wait")]
    Busy,
    /// Another process receives through this end, of which there can be one user.
    #[error("{}", foreign("receive", *owner))]
    Foreign {
        /// The number of that process.
        owner: u32,
    },
    /// As many tasks have got something and not said that it is done as a
    /// [`JoinableQueue`](super::JoinableQueue) can tell apart. The item stays.
    #[error(
        "{most} threads and processes have unfinished items of this queue, and no more can: call task_done() first"
    )]
    Crowded {
        /// How many can.
        most: usize,
    },
    /// The bytes of the item cannot be decoded: its `Deserialize` does not read what its
    /// `Serialize` wrote. The item is gone.
    #[error("the item cannot be decoded: {0}")]
    Undecodable(String),
}

impl From<Refusal> for PutError<()> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WouldBlock => PutError::Full(()),
            Refusal::Closed => PutError::Closed(()),
            Refusal::Busy => PutError::Busy(()),
        }
    }
}

impl From<Refusal> for GetError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WouldBlock => GetError::Empty,
            Refusal::Closed => GetError::Closed,
            Refusal::Busy => GetError::Busy,
        }
    }
}

/// What is wrong where two processes use one end of a channel for two.
fn foreign(verb: &str, owner: u32) -> String {
    format!(
        "process {owner} was the first to {verb} through this end of the channel; only it can: use a queue for several"
    )
}
