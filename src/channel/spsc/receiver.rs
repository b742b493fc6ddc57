//! The end of a channel out of which items come.
//!
//! Called by programs.
//!
//! | state | `recv` | `try_recv` |
//! |---|---|---|
//! | there is an item | receives it | receives it |
//! | empty | waits | [`GetError::Empty`] |
//! | closed, items left | receives one | receives one |
//! | closed, empty | [`GetError::Closed`] | [`GetError::Closed`] |
//! | another process's | [`GetError::Foreign`] | [`GetError::Foreign`] |
//!
//! 1. Items come in the order in which they were sent, each once.
//!
//! When a process dies here, an item whose `recv` had not returned was received or is still
//! there; the sender is not told.

use super::super::queue::GetError;
use super::link::{Denied, Link};
use crate::platform::{Native, Site, Tasks};
use crate::raw::Patience;
use crate::shm::Shareable;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// The end out of which items come; see [`spsc`](super::spsc()). When it is dropped, the
/// sender is told.
pub struct Receiver<T: ?Sized, P: Tasks = Native> {
    link: Link<P>,
    items: PhantomData<fn() -> Box<T>>,
}

impl Denied {
    fn got(self) -> GetError {
        match self {
            Denied::Refused(refusal) => refusal.into(),
            Denied::Foreign(owner) => GetError::Foreign { owner },
        }
    }
}

impl<T: ?Sized, P: Tasks> Receiver<T, P> {
    pub(super) fn new(link: Link<P>) -> Self {
        Receiver { link, items: PhantomData }
    }

    /// The most items that are on their way at a time.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.link.ring().limit() as usize
    }

    /// How many items can be received at once; there may be more at once.
    #[track_caller]
    #[must_use]
    pub fn len(&self) -> usize {
        self.link.ring().look("len", P::Site::here(), |count, _| count as usize)
    }

    /// Whether there is no item to receive at this moment.
    #[track_caller]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.link.ring().look("is_empty", P::Site::here(), |count, _| count == 0)
    }

    /// Closes the channel before the end is dropped: nothing more is sent, and what was sent
    /// can still be received. Says whether it was open.
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

    #[inline(always)]
    fn read<R>(
        &mut self,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(*const u8) -> R,
    ) -> Result<R, GetError> {
        self.link.recv(wait, site, read).map_err(Denied::got)
    }
}

impl<T: Copy + Send + Shareable, P: Tasks> Receiver<T, P> {
    /// Receives an item, waiting for one as long as it takes.
    ///
    /// # Errors
    /// [`GetError`] if the channel is closed and empty, also while it waits, or another
    /// process has received through this end.
    #[doc(alias = "get")]
    #[track_caller]
    #[inline]
    pub fn recv(&mut self) -> Result<T, GetError> {
        self.recv_now(Patience::Forever, P::Site::here())
    }

    /// Receives an item if there is one.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and [`GetError::Empty`] if there is none.
    #[track_caller]
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, GetError> {
        self.recv_now(Patience::Never, P::Site::here())
    }

    /// Receives an item unless there is none for longer than `timeout`.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and [`GetError::Empty`] if there was none.
    #[track_caller]
    #[inline]
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, GetError> {
        self.recv_now(Patience::Until(P::deadline(timeout)), P::Site::here())
    }

    /// Reads an item where it lies and then takes it out, waiting for one as long as it takes.
    /// If `read` panics, the item stays.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    #[track_caller]
    #[inline]
    pub fn recv_with<R>(&mut self, read: impl FnOnce(&T) -> R) -> Result<R, GetError> {
        // SAFETY: the sender has written a `T` there, and leaves it alone meanwhile.
        self.read(Patience::Forever, P::Site::here(), |from| read(unsafe { &*from.cast::<T>() }))
    }

    #[inline]
    fn recv_now(&mut self, wait: Patience, site: P::Site) -> Result<T, GetError> {
        // SAFETY: the sender has written a `T` there, and leaves it alone meanwhile.
        self.read(wait, site, |from| unsafe { from.cast::<T>().read() })
    }
}

impl<P: Tasks> Receiver<[u8], P> {
    /// Receives a message, waiting for one as long as it takes.
    ///
    /// # Errors
    /// [`GetError`] if the channel is closed and empty, also while it waits, or another
    /// process has received through this end.
    #[track_caller]
    pub fn recv(&mut self) -> Result<Vec<u8>, GetError> {
        self.recv_now(Patience::Forever, P::Site::here(), <[u8]>::to_vec)
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and [`GetError::Empty`] if there is none.
    #[track_caller]
    pub fn try_recv(&mut self) -> Result<Vec<u8>, GetError> {
        self.recv_now(Patience::Never, P::Site::here(), <[u8]>::to_vec)
    }

    /// Receives a message unless there is none for longer than `timeout`.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), and [`GetError::Empty`] if there was none.
    #[track_caller]
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Vec<u8>, GetError> {
        self.recv_now(Patience::Until(P::deadline(timeout)), P::Site::here(), <[u8]>::to_vec)
    }

    /// Reads a message where it lies and then takes it out, waiting for one as long as it
    /// takes. If `read` panics, the message stays.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    #[track_caller]
    pub fn recv_with<R>(&mut self, read: impl FnOnce(&[u8]) -> R) -> Result<R, GetError> {
        self.recv_now(Patience::Forever, P::Site::here(), read)
    }

    fn recv_now<R>(
        &mut self,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, GetError> {
        self.read(wait, site, |from| {
            // SAFETY: the sender has written a length and as many bytes there, and leaves
            // them alone meanwhile.
            read(unsafe { std::slice::from_raw_parts(from.add(8), from.cast::<u64>().read() as usize) })
        })
    }
}

impl<T: ?Sized, P: Tasks> fmt::Debug for Receiver<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // To print must not be to look, which a scheduler would see.
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
