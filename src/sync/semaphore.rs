//! A number of permits.
//!
//! Called by programs that let so many tasks in at a time and no more.
//!
//! | state | what `acquire` does |
//! |---|---|
//! | permits free | takes one |
//! | none free | waits for a release |
//!
//! 1. No more tasks have a permit than there are permits.
//! 2. Anybody may release, also who never acquired: a semaphore has no owner.
//!
//! Orderings: taking is an acquire, giving back a release.
//!
//! When a process dies with a permit, the permit is gone; a
//! [`SemaphoreGuard`] gives it back after a panic, not after a kill.

use crate::Error;
use crate::platform::{Native, Platform, Site, Tasks};
use crate::raw::RawSemaphore;
use crate::shm::Shareable;
use std::fmt;
use std::time::Duration;

/// A number of permits that tasks take and give back.
///
/// ```
/// let seats = selvedge::Semaphore::new(1);
/// {
///     let _seat = seats.access();
///     assert!(!seats.try_acquire());
/// }
/// assert_eq!(seats.value(), 1);
/// ```
#[repr(C)]
pub struct Semaphore<P: Platform = Native> {
    raw: RawSemaphore<P>,
}

// SAFETY: it is its words.
unsafe impl<P: Tasks> Shareable for Semaphore<P> {}

/// A permit that is given back when this is dropped.
#[must_use = "a permit that is dropped at once admits nobody"]
pub struct SemaphoreGuard<'a, P: Platform = Native> {
    semaphore: &'a Semaphore<P>,
    site: P::Site,
}

impl<P: Platform> Semaphore<P> {
    /// A semaphore with `permits` free permits.
    #[inline]
    #[must_use]
    pub fn new(permits: u32) -> Self {
        Semaphore { raw: RawSemaphore::new(permits) }
    }

    /// Takes a permit, waiting as long as it takes.
    #[track_caller]
    #[inline]
    pub fn acquire(&self) {
        self.raw.acquire(P::Site::here());
    }

    /// Takes a permit if one is free; says whether it did.
    #[track_caller]
    #[inline]
    pub fn try_acquire(&self) -> bool {
        self.raw.try_acquire(P::Site::here())
    }

    /// Takes a permit unless that takes longer than `timeout`; says whether it did.
    #[track_caller]
    #[inline]
    pub fn acquire_timeout(&self, timeout: Duration) -> bool {
        self.raw.acquire_until(P::deadline(timeout), P::Site::here())
    }

    /// Takes a permit for as long as the guard lives.
    #[track_caller]
    #[inline]
    pub fn access(&self) -> SemaphoreGuard<'_, P> {
        let site = P::Site::here();
        self.raw.acquire(site);
        SemaphoreGuard { semaphore: self, site }
    }

    /// Gives one permit back.
    ///
    /// # Panics
    /// If 2^32 - 1 permits are free already.
    #[track_caller]
    #[inline]
    pub fn release(&self) {
        self.release_at(P::Site::here());
    }

    /// Gives `permits` permits back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if more than 2^32 - 1 would be free then; nothing was
    /// changed.
    #[track_caller]
    #[inline]
    pub fn release_n(&self, permits: u32) -> Result<(), Error> {
        self.raw.release(permits, P::Site::here())
    }

    /// How many permits are free at this moment.
    #[doc(alias = "get_value")]
    #[track_caller]
    #[inline]
    pub fn value(&self) -> u32 {
        self.raw.value(P::Site::here())
    }

    #[track_caller]
    #[inline]
    fn release_at(&self, site: P::Site) {
        if let Err(error) = self.raw.release(1, site) {
            panic!("a permit too many: {error}");
        }
    }
}

impl<P: Platform> Drop for SemaphoreGuard<'_, P> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.release_at(self.site);
    }
}

impl<P: Platform> fmt::Debug for Semaphore<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").finish_non_exhaustive()
    }
}

impl<P: Platform> fmt::Debug for SemaphoreGuard<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphoreGuard").finish_non_exhaustive()
    }
}
