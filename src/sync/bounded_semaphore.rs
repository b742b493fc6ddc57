//! A number of permits that never grows.
//!
//! Called by programs for which a release too many is a mistake to be told of.
//!
//! | state | `acquire` | `release` |
//! |---|---|---|
//! | all free | takes one | an error; nothing changes |
//! | some free | takes one | adds one |
//! | none free | waits for a release | lets one of those in who wait |
//!
//! 1. Never are more permits free than there were at the beginning.
//! 2. Anybody may release, also who never acquired, as long as the first law holds.
//!
//! Orderings: those of [`Semaphore`](super::Semaphore).
//!
//! When a process dies with a permit, the permit is gone: **this semaphore is not
//! robust**, and [`RobustSemaphore`](super::RobustSemaphore) is. Anybody who knows of the death may
//! [`release`](BoundedSemaphore::release) in the name of the dead.

use super::SemaphoreGuard;
use super::semaphore::taking;
use crate::Error;
use crate::platform::{Native, Platform, Site, Tasks};
use crate::raw::RawSemaphore;
use crate::shm::Shareable;
use std::fmt;
use std::time::Duration;

/// A number of permits that tasks take and give back, and of which never more are free
/// than at the beginning.
///
/// It is not robust: the permit of a process that is killed is lost.
/// [`RobustSemaphore`](super::RobustSemaphore) gets it back.
///
/// ```
/// let seats = selvedge::BoundedSemaphore::new(1);
/// seats.acquire();
/// seats.release()?;
/// assert!(seats.release().is_err(), "nobody had taken it");
/// assert_eq!(seats.value(), 1);
/// # Ok::<(), selvedge::Error>(())
/// ```
#[repr(C)]
pub struct BoundedSemaphore<P: Platform = Native> {
    raw: RawSemaphore<P>,
    limit: u32,
}

// SAFETY: it is its words.
unsafe impl<P: Tasks> Shareable for BoundedSemaphore<P> {}

impl<P: Platform> BoundedSemaphore<P> {
    /// A semaphore with `permits` permits, all of them free.
    ///
    /// # Panics
    /// If they are more than [`Semaphore::MAX`](super::Semaphore::MAX); see
    /// [`try_new`](Self::try_new).
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn new(permits: u32) -> Self {
        P::made("BoundedSemaphore");
        BoundedSemaphore { raw: RawSemaphore::new(permits), limit: permits }
    }

    /// A semaphore with `permits` permits, all of them free.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are more than
    /// [`Semaphore::MAX`](super::Semaphore::MAX).
    #[inline]
    #[track_caller]
    pub fn try_new(permits: u32) -> Result<Self, Error> {
        P::made("BoundedSemaphore");
        Ok(BoundedSemaphore { raw: RawSemaphore::try_new(permits)?, limit: permits })
    }

    /// Gives one permit back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if all are free; nothing was changed.
    #[track_caller]
    #[inline]
    pub fn release(&self) -> Result<(), Error> {
        self.release_n(1)
    }

    /// Gives `permits` permits back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if more would be free than at the beginning; nothing was
    /// changed.
    #[track_caller]
    #[inline]
    pub fn release_n(&self, permits: u32) -> Result<(), Error> {
        self.raw.release(permits, self.limit, P::Site::here())
    }

    /// How many permits there are, free or not.
    #[inline]
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }
}

taking!(BoundedSemaphore);

/// One permit: what Python's `BoundedSemaphore` begins with.
impl<P: Platform> Default for BoundedSemaphore<P> {
    fn default() -> Self {
        Self::new(1)
    }
}

impl<P: Platform> fmt::Debug for BoundedSemaphore<P> {
    /// Looks at the number of permits, which is an operation like [`value`](Self::value).
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSemaphore").field("value", &self.value()).field("limit", &self.limit).finish()
    }
}
