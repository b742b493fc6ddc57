//! A number of permits that come back when their holders die.
//!
//! Called by programs whose processes may be killed while they have a permit.
//!
//! | state | what `acquire` does |
//! |---|---|
//! | permits free | takes one |
//! | none free | waits for a release, or for the death of a holder |
//!
//! 1. No more living tasks have a permit than there are permits.
//! 2. A permit belongs to the thread that took it: only that one gives it back, by
//!    dropping its guard. A copy of the guard in a forked child gives back nothing.
//! 3. Who waits is served in the order of the gate: who comes while others wait, waits
//!    behind the first of them. Only [`try_acquire`](RobustSemaphore::try_acquire) passes.
//!
//! Orderings: taking is an acquire, giving back a release, and so is what the kernel does
//! for the dead.
//!
//! When a process dies here, at whatever instruction, its permits are free again and
//! whoever waits for one is woken, within a millisecond as a rule. There is nothing to
//! repair: a permit protects no value. Each permit that a thread has counts towards the
//! 2,048 robust locks that the kernel frees when it dies.

use crate::Error;
use crate::platform::{Native, Owner, Robust, Site, Tasks};
use crate::raw::{Patience, Permit, RawRobustSemaphore};
use crate::shm::Shareable;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// A number of permits that tasks take and give back, and that the dead give back too.
///
/// ```
/// use selvedge::{Process, RobustSemaphore, Shared};
///
/// let seats = Shared::new(RobustSemaphore::new(1)?);
/// let child = Process::spawn({
///     let seats = seats.clone();
///     move || {
///         let _seat = seats.acquire();
///         selvedge::exit(0); // With the seat.
///     }
/// });
/// child.join()?;
/// assert_eq!(seats.value(), 1);
/// let _seat = seats.acquire();
/// assert!(seats.try_acquire().is_none());
/// # Ok::<(), selvedge::Error>(())
/// ```
#[repr(C)]
pub struct RobustSemaphore<P: Robust = Native> {
    raw: RawRobustSemaphore<P>,
}

// SAFETY: the links in the raw semaphore are touched by the holders of their slots only.
unsafe impl<P: Robust> Sync for RobustSemaphore<P> {}
// SAFETY: as above; nothing in it belongs to one thread.
unsafe impl<P: Robust> Send for RobustSemaphore<P> {}
// SAFETY: it is its words.
unsafe impl<P: Tasks> Shareable for RobustSemaphore<P> {}

/// A permit of a [`RobustSemaphore`], which is given back when this is dropped.
#[must_use = "a permit that is dropped at once admits nobody"]
pub struct RobustPermit<'a, P: Robust = Native> {
    raw: &'a RawRobustSemaphore<P>,
    permit: Permit,
    owner: u32,
    site: P::Site,
    // The permit is in its thread's list: no other thread can give it back.
    not_send: PhantomData<*const ()>,
}

impl<P: Robust> RobustSemaphore<P> {
    /// The most permits that there can be.
    pub const MAX: u32 = RawRobustSemaphore::<P>::MAX;

    /// A semaphore with `permits` permits, all of them free.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are none or more than [`MAX`](Self::MAX).
    #[track_caller]
    pub fn new(permits: u32) -> Result<Self, Error> {
        P::made("RobustSemaphore");
        Ok(RobustSemaphore { raw: RawRobustSemaphore::new(permits)? })
    }

    /// Takes a permit, waiting as long as it takes.
    ///
    /// # Panics
    /// If the calling task has all permits itself: nobody else would ever give one back.
    /// [`try_acquire`](Self::try_acquire) returns none.
    #[track_caller]
    #[inline]
    pub fn acquire(&self) -> RobustPermit<'_, P> {
        self.acquiring(Patience::Forever, P::Site::here()).expect("who waits for ever gets one")
    }

    /// Takes a permit if one is free, also before those who wait.
    #[track_caller]
    #[inline]
    pub fn try_acquire(&self) -> Option<RobustPermit<'_, P>> {
        self.acquiring(Patience::Never, P::Site::here())
    }

    /// Takes a permit unless `deadline` (nanoseconds on the platform's clock) passes first.
    #[track_caller]
    pub fn acquire_until(&self, deadline: u64) -> Option<RobustPermit<'_, P>> {
        self.acquiring(Patience::Until(deadline), P::Site::here())
    }

    /// Takes a permit unless that takes longer than `timeout`.
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<RobustPermit<'_, P>> {
        self.acquire_until(P::deadline(timeout))
    }

    /// How many permits are free at this moment. The dead have none.
    #[doc(alias = "get_value")]
    #[track_caller]
    pub fn value(&self) -> u32 {
        self.raw.value(P::Site::here())
    }

    /// How many permits there are, free or not.
    #[must_use]
    pub fn permits(&self) -> u32 {
        self.raw.permits()
    }

    #[inline(always)]
    fn acquiring(&self, patience: Patience, site: P::Site) -> Option<RobustPermit<'_, P>> {
        let permit = self.raw.acquire(patience, site)?;
        Some(RobustPermit { raw: &self.raw, permit, owner: P::me().id(), site, not_send: PhantomData })
    }
}

impl<P: Robust> Drop for RobustPermit<'_, P> {
    #[inline]
    fn drop(&mut self) {
        // Invariant 2.
        let me = P::me();
        if me.id() == self.owner {
            debug_assert!(self.raw.is_mine(self.permit), "nobody else gives it back");
            self.raw.release(me, self.permit, self.site);
        }
    }
}

impl<P: Robust> fmt::Debug for RobustSemaphore<P> {
    /// Looks at the number of permits, which is an operation like [`value`](Self::value).
    #[track_caller]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, permits) = (self.value(), self.permits());
        f.debug_struct("RobustSemaphore").field("value", &value).field("permits", &permits).finish()
    }
}

impl<P: Robust> fmt::Debug for RobustPermit<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RobustPermit").finish_non_exhaustive()
    }
}
