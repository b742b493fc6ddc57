//! The end of a channel into which items go.
//!
//! Called by programs.
//!
//! | state | `send` | `try_send` |
//! |---|---|---|
//! | there is room | sends | sends |
//! | full | waits | [`PutError::Full`] |
//! | closed | [`PutError::Closed`] | [`PutError::Closed`] |
//! | another process's | [`PutError::Foreign`] | [`PutError::Foreign`] |
//!
//! 1. A send that returned `Ok` has sent its item; one that returned an error has not, and
//!    gives it back.
//!
//! When a process dies here, an item whose `send` had not returned was sent or was not, never
//! in part; the receiver is not told.

use super::super::queue::PutError;
use super::link::{Denied, Link};
use crate::platform::{Native, Site, Tasks};
use crate::raw::Patience;
use crate::shm::Shareable;
use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::time::Duration;

/// The end into which items go; see [`spsc`](super::spsc()). When it is dropped, the receiver
/// is told once it has received what was sent.
pub struct Sender<T: ?Sized, P: Tasks = Native> {
    link: Link<P>,
    largest: usize,
    items: PhantomData<fn(Box<T>)>,
}

impl Denied {
    fn put(self) -> PutError<()> {
        match self {
            Denied::Refused(refusal) => refusal.into(),
            Denied::Foreign(owner) => PutError::Foreign { item: (), owner },
        }
    }
}

impl<T: ?Sized, P: Tasks> Sender<T, P> {
    pub(super) fn new(link: Link<P>, largest: usize) -> Self {
        Sender { link, largest, items: PhantomData }
    }

    /// The most items that are on their way at a time.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.link.ring().limit() as usize
    }

    /// How many items are on their way; the receiver may receive at once.
    #[track_caller]
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "an empty channel is the receiver's business")]
    pub fn len(&self) -> usize {
        self.link.ring().look("len", P::Site::here(), |count, _| count as usize)
    }

    /// Closes the channel before the end is dropped; says whether it was open.
    #[track_caller]
    pub fn close(&mut self) -> bool {
        self.link.ring().close(P::Site::here())
    }

    /// Whether one of the two ends was closed.
    #[track_caller]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.link.ring().look("is_closed", P::Site::here(), |_, closed| closed)
    }
}

impl<T: Copy + Send + Shareable, P: Tasks> Sender<T, P> {
    /// Sends an item, waiting for room as long as it takes.
    ///
    /// # Errors
    /// [`PutError`], with the item, if the channel is closed, also while it waits, or another
    /// process has sent through this end.
    #[doc(alias = "put")]
    #[track_caller]
    #[inline]
    pub fn send(&mut self, item: T) -> Result<(), PutError<T>> {
        self.send_now(item, Patience::Forever, P::Site::here())
    }

    /// Sends an item if there is room.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`PutError::Full`] if there is none.
    #[track_caller]
    #[inline]
    pub fn try_send(&mut self, item: T) -> Result<(), PutError<T>> {
        self.send_now(item, Patience::Never, P::Site::here())
    }

    /// Sends an item unless there is no room for longer than `timeout`.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`PutError::Full`] if there was none.
    #[track_caller]
    #[inline]
    pub fn send_timeout(&mut self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        let deadline = P::deadline(timeout);
        self.send_now(item, Patience::Until(deadline), P::Site::here())
    }

    /// Sends an item that `fill` writes where it will lie, waiting for room as long as it
    /// takes. `fill` returns the place that it was given, written.
    ///
    /// ```
    /// let (mut sender, mut receiver) = selvedge::spsc::<[u8; 4096]>(2)?;
    /// sender.send_with(|page| page.write([7; 4096]))?;
    /// assert_eq!(receiver.recv_with(|page| page[4095])?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`send`](Self::send). `fill` may have been called if the channel was closed
    /// meanwhile.
    ///
    /// # Panics
    /// If `fill` panics or returns another place; nothing was sent then.
    #[doc(alias = "loan")]
    #[track_caller]
    #[inline]
    pub fn send_with(
        &mut self,
        fill: impl FnOnce(&mut MaybeUninit<T>) -> &mut T,
    ) -> Result<(), PutError<()>> {
        let write = |to: *mut u8| {
            // SAFETY: a place for a `T`, aligned, that nobody else uses meanwhile.
            let place = unsafe { &mut *to.cast::<MaybeUninit<T>>() };
            let written = std::ptr::from_mut(fill(place)).cast::<u8>();
            assert!(std::ptr::eq(written, to), "the closure returns the place that it was given");
        };
        self.link.send(Patience::Forever, P::Site::here(), write).map_err(Denied::put)
    }

    #[inline]
    fn send_now(&mut self, item: T, wait: Patience, site: P::Site) -> Result<(), PutError<T>> {
        // SAFETY: a place for a `T`, aligned, that nobody else uses meanwhile.
        let write = |to: *mut u8| unsafe { to.cast::<T>().write(item) };
        self.link.send(wait, site, write).map_err(|denied| denied.put().with(item))
    }
}

impl<P: Tasks> Sender<[u8], P> {
    /// Sends a message, waiting for room as long as it takes.
    ///
    /// # Errors
    /// [`PutError::TooLarge`] if it is longer than was said when the channel was made;
    /// otherwise [`PutError`] if the channel is closed, also while it waits, or another
    /// process has sent through this end.
    #[track_caller]
    pub fn send(&mut self, message: &[u8]) -> Result<(), PutError<()>> {
        self.send_now(message, Patience::Forever, P::Site::here())
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`PutError::Full`] if there is none.
    #[track_caller]
    pub fn try_send(&mut self, message: &[u8]) -> Result<(), PutError<()>> {
        self.send_now(message, Patience::Never, P::Site::here())
    }

    /// Sends a message unless there is no room for longer than `timeout`.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`PutError::Full`] if there was none.
    #[track_caller]
    pub fn send_timeout(&mut self, message: &[u8], timeout: Duration) -> Result<(), PutError<()>> {
        self.send_now(message, Patience::Until(P::deadline(timeout)), P::Site::here())
    }

    /// The longest message that can be sent, in bytes.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.largest
    }

    fn send_now(&mut self, message: &[u8], wait: Patience, site: P::Site) -> Result<(), PutError<()>> {
        let (bytes, largest) = (message.len(), self.largest);
        if bytes > largest {
            return Err(PutError::TooLarge { item: (), bytes, largest });
        }
        let write = |to: *mut u8| {
            // SAFETY: a place for a length and as many bytes, that nobody else uses meanwhile.
            unsafe {
                to.cast::<u64>().write(bytes as u64);
                to.add(8).copy_from_nonoverlapping(message.as_ptr(), bytes);
            }
        };
        self.link.send(wait, site, write).map_err(Denied::put)
    }
}

impl<T: ?Sized, P: Tasks> fmt::Debug for Sender<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To print must not be to look, which a scheduler would see.
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
