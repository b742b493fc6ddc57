//! A counting semaphore whose permits come back when their holders die.
//!
//! Called by [`sync::RobustSemaphore`](crate::sync::RobustSemaphore).
//!
//! | state | gate | slots | `acquire` |
//! |---|---|---|---|
//! | permits free | free | some free | claims one |
//! | none free, nobody waits | free | all held | takes the gate, sleeps on all slots at once |
//! | none free, some wait | held by the first of them | all held | waits at the gate |
//!
//! Each permit is a slot, and slots and gate are those of [`slots`](super::slots).
//!
//! 1. Who has a permit has a slot, so that never more tasks have permits than there are.
//! 2. A permit that is freed, by a release or by a death, wakes the first of those who
//!    wait. It lets the next one through the gate when it has its permit.
//!
//! Orderings: those of the slots.
//!
//! When a process dies here, at whatever instruction, its permits are free again, and who
//! waits for one is woken. When the first of those who wait dies, the second takes its place.

use super::patience::Patience;
use super::slots::Slots;
use crate::Error;
use crate::platform::{Kind, Op, Robust, Site, Tasks};
use crate::shm::Shareable;
use std::fmt;

/// How many permits there can be, mostly; fewer only where each costs too much, in a model.
const MOST: usize = 64;

/// A robust counting semaphore.
#[repr(C)]
pub struct RawRobustSemaphore<P: Robust, const N: usize = MOST> {
    slots: Slots<P, N>,
    permits: u32,
}

// SAFETY: words that mean the same to every process, and links that only their owner
// follows, as in `RawRobustMutex`.
unsafe impl<P: Tasks, const N: usize> Shareable for RawRobustSemaphore<P, N> {}

/// A permit that somebody has.
#[derive(Clone, Copy, Debug)]
pub struct Permit(usize);

impl<P: Robust, const N: usize> RawRobustSemaphore<P, N> {
    /// The most permits that there can be.
    pub const MAX: u32 = N as u32;

    /// A semaphore with `permits` permits, all of them free.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are none or more than [`MAX`](Self::MAX).
    pub fn new(permits: u32) -> Result<Self, Error> {
        if !(1..=Self::MAX).contains(&permits) {
            return Err(Error::InvalidArgument {
                what: "the number of permits of a robust semaphore",
                given: permits.to_string(),
                allowed: format!("from 1 to {N}"),
            });
        }
        Ok(RawRobustSemaphore { slots: Slots::new(), permits })
    }

    /// The address that names this semaphore in operations.
    #[must_use]
    pub fn address(&self) -> usize {
        self.slots.gate().address()
    }

    /// How many permits there are, free or not.
    #[must_use]
    pub fn permits(&self) -> u32 {
        self.permits
    }

    /// Takes a permit; `None` if the patience did not last.
    #[inline(always)]
    pub fn acquire(&self, patience: Patience, site: P::Site) -> Option<Permit> {
        let among = self.permits as usize;
        // Which slot it is differs from run to run: a trace shows only whether there is one.
        let mut slot = None;
        P::step(
            || self.acquire_op(patience, site),
            || {
                slot = match patience {
                    Patience::Never => self.slots.try_any(among),
                    _ => self.slots.enter(among, patience, site, || self.acquire_op(patience, site)),
                };
                slot.map(|_| true)
            },
        );
        slot.map(Permit)
    }

    /// Gives back a permit that the caller, `me`, has.
    #[inline(always)]
    pub fn release(&self, me: P::Owner, permit: Permit, site: P::Site) {
        let op = || Op::new(Kind::Release, "release", self.address(), site.location());
        P::step(op, || self.slots.leave(me, permit.0));
    }

    /// How many permits are free at this moment.
    pub fn value(&self, site: P::Site) -> u32 {
        let op = || Op::new(Kind::Read, "value", self.address(), site.location());
        P::step(op, || self.slots.free(self.permits as usize) as u32)
    }

    /// Whether the caller has this permit.
    pub(crate) fn is_mine(&self, permit: Permit) -> bool {
        self.slots.is_mine(permit.0)
    }

    /// Waits until nobody else waits; that a permit is free no single word tells.
    fn acquire_op(&self, patience: Patience, site: P::Site) -> Op {
        let (kind, name) = match patience {
            Patience::Never => (Kind::TryAcquire, "try_acquire"),
            _ => (Kind::Acquire, "acquire"),
        };
        let op = Op::new(kind, name, self.address(), site.location()).until(patience.deadline());
        if patience == Patience::Never { op } else { op.when(self.slots.gate().free_guard()) }
    }
}

impl<P: Robust, const N: usize> fmt::Debug for RawRobustSemaphore<P, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRobustSemaphore").finish_non_exhaustive()
    }
}
