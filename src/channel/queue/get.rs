//! The half of a [`Queue`] that gets.
//!
//! Called by programs, and by what is built on queues, which must know of an item before it
//! is taken; `typed.rs` has the states and the invariants.
//!
//! When a process dies here, its item was taken or is still there.

use super::store::{Order, Store};
use super::{Codec, GetError, Queue};
use crate::platform::{Site, Tasks};
use crate::raw::Patience;
use std::time::Duration;

impl<T, P: Tasks, O: Order, C: Codec<T>> Queue<T, P, O, C> {
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

    /// Gets an item out if there is one. Never waits for an item, but for whoever is getting
    /// one at that moment, or was stopped as it did: until then nobody knows whether there is one
    /// left. Nor does anybody know while [`get_with`](Self::get_with) looks at one, but that may
    /// take any time, and so is an error.
    ///
    /// # Errors
    /// As [`get`](Self::get), [`GetError::Empty`] if there is none, and [`GetError::Busy`] if
    /// somebody reads the first one in place.
    #[doc(alias = "get_nowait")]
    #[track_caller]
    #[inline]
    pub fn try_get(&self) -> Result<T, GetError> {
        self.get_now(Patience::Never, P::Site::here())
    }

    /// Gets an item out unless there is none for longer than `timeout`.
    ///
    /// # Errors
    /// As [`get`](Self::get), [`GetError::Empty`] if there was none, and [`GetError::Busy`] if
    /// somebody read the first one in place until then.
    #[track_caller]
    #[inline]
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetError> {
        self.get_now(Patience::within::<P>(timeout), P::Site::here())
    }

    /// Reads an item where it lies and then takes it out, waiting for one as long as it
    /// takes. Others who [get](Self::get) wait meanwhile, those who only [try](Self::try_get) are
    /// refused, also if there are more items, and those who put are not concerned; in a queue of
    /// another order than the first in first out, they are as those who get. `read` must not use
    /// this queue.
    ///
    /// Serialised items are seen as bytes, plain ones as they are. If `read` panics, or its
    /// process dies, the item stays in the queue.
    ///
    /// # Errors
    /// [`GetError::Closed`] if the queue is closed and empty.
    ///
    /// # Panics
    /// If `read` does, or if it gets from this queue by anything but
    /// [`get_timeout`](Self::get_timeout).
    #[track_caller]
    #[inline]
    pub fn get_with<R>(&self, read: impl FnOnce(&C::View) -> R) -> Result<R, GetError> {
        let store = self.handle.store();
        // SAFETY: only items of this type were put, by the same codec.
        let read = |from, len| store.looking(|| unsafe { C::view(from, len, read) });
        self.read(Patience::Forever, P::Site::here(), read)
    }

    /// Gets an item if `claim`, which is called immediately before it is taken, agrees.
    pub(super) fn get_claiming(
        &self,
        wait: Patience,
        site: P::Site,
        claim: impl FnOnce() -> Result<(), GetError>,
    ) -> Result<T, GetError> {
        let read = |from, len| {
            // SAFETY: only items of this type were put, by the same codec.
            let item = unsafe { C::decode(from, len) };
            let claimed = claim();
            (claimed.is_ok(), claimed.map(|()| item))
        };
        self.read_if(wait, site, read)??.map_err(GetError::Undecodable)
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
        self.read_if(wait, site, |from, len| (true, read(from, len)))
    }

    /// The same where `read` says whether the item is taken.
    #[inline]
    fn read_if<R>(
        &self,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(*const u8, usize) -> (bool, R),
    ) -> Result<R, GetError> {
        // SAFETY: the memory behind the store is for it alone.
        let got = unsafe { self.handle.store().get(self.handle.memory(), wait, site, read) };
        got.map_err(GetError::from)
    }
}
