//! Items that are bytes already: put in several parts, and read where they lie.
//!
//! Called by pools, which encode their messages themselves.
//!
//! When a process dies here, it is as for any [`Queue`].

use super::store::Item;
use super::{Codec, Fifo, GetError, PutError, Queue};
use crate::platform::{Site, Tasks};
use crate::raw::Patience;
use std::time::Duration;

/// Items that are sequences of bytes, and travel as they are.
#[derive(Clone, Copy, Debug)]
pub enum Bytes {}

/// A queue of messages that somebody else encodes.
pub(crate) type ByteQueue<P> = Queue<Vec<u8>, P, Fifo, Bytes>;

/// A message in parts that lie one behind the other once it is in the queue.
struct Parts<'a>(&'a [&'a [u8]]);

impl Item for Parts<'_> {
    #[inline]
    fn bytes(&self) -> usize {
        self.0.iter().map(|part| part.len()).sum()
    }

    #[inline]
    unsafe fn write(&mut self, to: *mut u8) {
        let mut at = 0;
        for part in self.0 {
            // SAFETY: the caller's promise: there is room for all parts together; and a slice
            // of this process is not in the queue's memory.
            unsafe { to.add(at).copy_from_nonoverlapping(part.as_ptr(), part.len()) };
            at += part.len();
        }
    }
}

/// The one part of a message that is whole.
struct Whole<'a>(&'a [u8]);

impl Item for Whole<'_> {
    fn bytes(&self) -> usize {
        self.0.len()
    }

    unsafe fn write(&mut self, to: *mut u8) {
        // SAFETY: the caller's promise.
        unsafe { Parts(&[self.0]).write(to) };
    }
}

impl Codec<Vec<u8>> for Bytes {
    type View = [u8];
    const EACH: Option<usize> = None;
    const KEYS: bool = false;

    fn encode(item: &Vec<u8>, _keyed: bool) -> Result<impl Item, String> {
        Ok(Whole(item))
    }

    unsafe fn decode(from: *const u8, len: usize) -> Result<Vec<u8>, String> {
        // SAFETY: the caller's promise.
        Ok(unsafe { Self::view(from, len, <[u8]>::to_vec) })
    }

    #[inline]
    unsafe fn view<R>(from: *const u8, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: the caller's promise.
        read(unsafe { std::slice::from_raw_parts(from, len) })
    }
}

impl<P: Tasks> ByteQueue<P> {
    /// Puts a message in, waiting for room as long as it takes if `wait` says so.
    #[track_caller]
    pub(crate) fn put_parts(&self, parts: &[&[u8]], wait: bool) -> Result<(), PutError<()>> {
        let wait = if wait { Patience::Forever } else { Patience::Never };
        self.write(&mut Parts(parts), wait, P::Site::here())
    }

    /// Shows the first message to `read` and takes it out, if there is one within `timeout`;
    /// `None` waits as long as it takes.
    #[track_caller]
    pub(crate) fn read_within<R>(
        &self,
        timeout: Option<Duration>,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, GetError> {
        let wait = match timeout {
            None => Patience::Forever,
            Some(Duration::ZERO) => Patience::Never,
            Some(timeout) => Patience::within::<P>(timeout),
        };
        // SAFETY: only messages of this type were put, by the same codec.
        self.read(wait, P::Site::here(), |from, len| unsafe { Bytes::view(from, len, read) })
    }
}
