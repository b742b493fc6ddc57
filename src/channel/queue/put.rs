//! The half of a [`Queue`] that puts.
//!
//! Called by programs; `typed.rs` has the states and the invariants.
//!
//! When a process dies here, its item is in the queue or is not, never in part.

use super::codec::InPlace;
use super::store::{Item, Order, Store};
use super::{Codec, Plain, PutError, Queue};
use crate::platform::{Site, Tasks};
use crate::raw::Patience;
use crate::shm::Shareable;
use std::mem::MaybeUninit;
use std::time::Duration;

impl<T, P: Tasks, O: Order, C: Codec<T>> Queue<T, P, O, C> {
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

    /// Puts an item in if there is room. Never waits for room, but for whoever is putting one in
    /// at that moment, as [`try_get`](Self::try_get) does for whoever gets.
    ///
    /// # Errors
    /// As [`put`](Self::put), [`PutError::Full`] if there is no room, and [`PutError::Busy`] if
    /// nobody knows, because somebody writes an item in place.
    #[doc(alias = "put_nowait")]
    #[track_caller]
    #[inline]
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.put_now(item, Patience::Never, P::Site::here())
    }

    /// Puts an item in unless there is no room for longer than `timeout`.
    ///
    /// # Errors
    /// As [`put`](Self::put), [`PutError::Full`] if there was none, and [`PutError::Busy`] if
    /// somebody wrote an item in place until then.
    #[track_caller]
    #[inline]
    pub fn put_timeout(&self, item: T, timeout: Duration) -> Result<(), PutError<T>> {
        self.put_now(item, Patience::within::<P>(timeout), P::Site::here())
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
        put.map_err(PutError::from)
    }
}

impl<T: Copy + Send + Shareable, P: Tasks, O: Order> Queue<T, P, O, Plain> {
    /// Puts an item in that `fill` writes where it will lie, waiting for room as long as it
    /// takes. Others who [put](Self::put) wait meanwhile, those who only [try](Self::try_put) are
    /// refused, and those who get are not concerned; in a queue of another order than the first in
    /// first out, they are as those who put. `fill` must not use this
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
        let store = self.handle.store();
        let mut item = InPlace::<T, _>::new(|place| store.filling(|| fill(place)));
        self.write(&mut item, Patience::Forever, P::Site::here())
    }
}

impl PutError<()> {
    /// The same error, with the item.
    pub(in crate::channel) fn with<T>(self, item: T) -> PutError<T> {
        match self {
            PutError::Full(()) => PutError::Full(item),
            PutError::Closed(()) => PutError::Closed(item),
            PutError::Busy(()) => PutError::Busy(item),
            PutError::TooLarge { bytes, largest, .. } => PutError::TooLarge { item, bytes, largest },
            PutError::Foreign { owner, .. } => PutError::Foreign { item, owner },
            PutError::Unencodable { reason, .. } => PutError::Unencodable { item, reason },
        }
    }
}
