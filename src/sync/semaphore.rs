//! A number of permits.
//!
//! Called by programs that let so many tasks in at a time and no more.
//!
//! | state | what `acquire` does | what `release` does |
//! |---|---|---|
//! | permits free | takes one | adds one |
//! | none free | waits for a release | lets one of those in who wait |
//!
//! 1. No more tasks have a permit than there are permits.
//! 2. Anybody may release, also who never acquired: a semaphore has no owner, and a
//!    release may add a permit that was not there before. In a
//!    [`BoundedSemaphore`](super::BoundedSemaphore) it may not.
//!
//! Orderings: taking is an acquire, giving back a release.
//!
//! When a process dies with a permit, the permit is gone: **this semaphore is not
//! robust**, because nobody knows whose permit it was. A [`SemaphoreGuard`] gives it back
//! after a panic, not after a kill. A [`RobustSemaphore`](super::RobustSemaphore) knows
//! its holders and gets permits back from the dead.

use crate::Error;
use crate::platform::{Native, Platform, Site, Tasks};
use crate::raw::RawSemaphore;
use crate::shm::Shareable;
use std::fmt;
use std::time::Duration;

/// A number of permits that tasks take and give back.
///
/// It is not robust: the permit of a process that is killed is lost.
/// [`RobustSemaphore`](super::RobustSemaphore) gets it back.
///
/// ```
/// let seats = selvedge::Semaphore::new(1);
/// {
///     let _seat = seats.access();
///     assert!(!seats.try_acquire());
/// }
/// assert_eq!(seats.value(), 1);
/// ```
///
/// There is no negative number of permits:
///
/// ```compile_fail,E0600
/// selvedge::Semaphore::new(-1);
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
    raw: &'a RawSemaphore<P>,
    limit: u32,
    site: P::Site,
}

impl<P: Platform> Semaphore<P> {
    /// The most permits that can be free at a time.
    pub const MAX: u32 = RawSemaphore::<P>::MAX;

    /// A semaphore with `permits` free permits.
    ///
    /// # Panics
    /// If they are more than [`MAX`](Self::MAX); see [`try_new`](Self::try_new).
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn new(permits: u32) -> Self {
        P::made("Semaphore");
        Semaphore { raw: RawSemaphore::new(permits) }
    }

    /// A semaphore with `permits` free permits.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are more than [`MAX`](Self::MAX).
    #[inline]
    #[track_caller]
    pub fn try_new(permits: u32) -> Result<Self, Error> {
        P::made("Semaphore");
        Ok(Semaphore { raw: RawSemaphore::try_new(permits)? })
    }

    /// Gives one permit back.
    ///
    /// # Panics
    /// If [`MAX`](Self::MAX) permits are free already; [`release_n`](Self::release_n) returns
    /// that as an error.
    #[track_caller]
    #[inline]
    pub fn release(&self) {
        if let Err(error) = self.release_n(1) {
            panic!("a permit too many: {error}");
        }
    }

    /// Gives `permits` permits back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if more than [`MAX`](Self::MAX) would be free then;
    /// nothing was changed.
    #[track_caller]
    #[inline]
    pub fn release_n(&self, permits: u32) -> Result<(), Error> {
        self.raw.release(permits, Self::MAX, P::Site::here())
    }

    #[inline]
    fn limit(&self) -> u32 {
        Self::MAX
    }
}

/// The methods of both kinds of semaphores by which permits are taken.
macro_rules! taking {
    ($name:ident) => {
        impl<P: $crate::platform::Platform> $name<P> {
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
                self.acquire_until(P::deadline(timeout))
            }

            /// Takes a permit unless `deadline` (nanoseconds on the platform's clock) passes
            /// first; says whether it did.
            #[track_caller]
            #[inline]
            pub fn acquire_until(&self, deadline: u64) -> bool {
                self.raw.acquire_until(deadline, P::Site::here())
            }

            /// Takes a permit for as long as the guard lives.
            #[track_caller]
            #[inline]
            pub fn access(&self) -> SemaphoreGuard<'_, P> {
                self.acquire();
                SemaphoreGuard::new(&self.raw, self.limit(), P::Site::here())
            }

            /// Takes a permit for as long as the guard lives, if one is free.
            #[track_caller]
            #[inline]
            pub fn try_access(&self) -> Option<SemaphoreGuard<'_, P>> {
                let site = P::Site::here();
                self.raw.try_acquire(site).then(|| SemaphoreGuard::new(&self.raw, self.limit(), site))
            }

            /// Takes a permit for as long as the guard lives, unless that takes longer than
            /// `timeout`.
            #[track_caller]
            #[inline]
            pub fn access_timeout(&self, timeout: Duration) -> Option<SemaphoreGuard<'_, P>> {
                let site = P::Site::here();
                let taken = self.raw.acquire_until(P::deadline(timeout), site);
                taken.then(|| SemaphoreGuard::new(&self.raw, self.limit(), site))
            }

            /// How many permits are free at this moment.
            #[doc(alias = "get_value")]
            #[track_caller]
            #[inline]
            pub fn value(&self) -> u32 {
                self.raw.value(P::Site::here())
            }
        }
    };
}
pub(super) use taking;
taking!(Semaphore);

impl<'a, P: Platform> SemaphoreGuard<'a, P> {
    /// The guard of a permit that the caller has just taken. No more than `limit` permits
    /// may be free once it is given back.
    #[inline]
    pub(super) fn new(raw: &'a RawSemaphore<P>, limit: u32, site: P::Site) -> Self {
        SemaphoreGuard { raw, limit, site }
    }
}

impl<P: Platform> Drop for SemaphoreGuard<'_, P> {
    /// # Panics
    /// If somebody released more permits than were taken, so that this one has no place.
    #[inline]
    fn drop(&mut self) {
        if let Err(error) = self.raw.release(1, self.limit, self.site)
            && !P::panicking()
        {
            panic!("a permit too many: {error}");
        }
    }
}

/// One permit, so that it is a lock without an owner: what Python's semaphores begin with.
impl<P: Platform> Default for Semaphore<P> {
    fn default() -> Self {
        Self::new(1)
    }
}

impl<P: Platform> fmt::Debug for Semaphore<P> {
    /// Looks at the number of permits, which is an operation like [`value`](Self::value).
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("value", &self.value()).finish()
    }
}

impl<P: Platform> fmt::Debug for SemaphoreGuard<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemaphoreGuard").finish_non_exhaustive()
    }
}
