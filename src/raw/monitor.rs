//! One lock around everything a queue has, and waiting for room or for an item beside it. It
//! survives whoever uses it.
//!
//! Called by the stores of [`channel`](crate::channel) in which those who put and those who
//! get work at the same end, or all over the place: stacks and heaps. Where they work at two
//! ends, [`RawQueue`](super::RawQueue) is faster.
//!
//! | lock | who has it |
//! |---|---|
//! | `core` | whoever looks at the store or changes it, for that long |
//! | `putters`, `getters` | whoever of that side waits, also while it sleeps |
//!
//! 1. The store and the words here that are not locks or the bell are used under `core`.
//! 2. Who finds that it has to wait takes its side's lock, marks the bell under `core`, and
//!    sleeps without `core`. So each side has at most one sleeper; the others of its side wait
//!    for its lock, and the next one looks for itself.
//! 3. If the other side has a sleeper, the bell is made quiet before the store is changed, and
//!    rung after that, before `core` is given back: see [the bell](super::bell).
//! 4. Both sides never sleep at a time, since what is empty has room.
//! 5. Whoever takes `core` after a holder that died repairs the store, and rings in any case.
//! 6. Who runs the program's own code with `core` says so [beside it](super::in_place), and who
//!    does not want to wait is refused meanwhile.
//!
//! Who does not wait may overtake who does. The sleeper then sleeps again.
//!
//! Orderings: those of the lock.
//!
//! **When a task is killed here** outside `core`, a lock passes on and nothing else happens.
//! Inside it, the store is as it was left, and the next holder repairs it. A sleeper that was
//! to be woken is woken by that one or by the kernel.
//!
//! Source: C. A. R. Hoare, "Monitors: An Operating System Structuring Concept" (1974), for
//! the shape.

use super::bell::{GETTER, PUTTER, RawBell};
use super::in_place::InPlace;
use super::queue_wait::PATIENCE;
use super::refusal::OVER;
use super::robust::locked_twice;
use super::{Left, Patience, RawRobustMutex, Refusal, Taken};
use crate::platform::{Atomic, Cmp, Kind, Observe, Op, Robust, Site, Tasks, Woken};
use crate::shm::Shareable;
use std::cell::Cell;
use std::fmt;

/// What a monitor watches over: used by whoever has its lock.
pub trait Watched {
    /// The last holder of the lock died: puts everything in order.
    fn repair(&self);
    /// How many items there are.
    fn count(&self) -> u32;
}

/// A lock, and who waits for what it protects to change.
#[repr(C)]
pub struct RawMonitor<P: Robust> {
    core: RawRobustMutex<P>,
    putters: RawRobustMutex<P>,
    getters: RawRobustMutex<P>,
    bell: RawBell<P>,
    in_place: InPlace<P>,
    limit: u32,
    /// The sides that have, or had, a sleeper.
    awaited: Cell<u32>,
    closed: Cell<bool>,
    /// For guards only: how many items there are, and how much room.
    items: P::Futex,
    room: P::Futex,
}

// SAFETY: invariant 1.
unsafe impl<P: Robust> Sync for RawMonitor<P> {}
// SAFETY: words that mean the same to every process, at whatever address.
unsafe impl<P: Tasks> Shareable for RawMonitor<P> {}

/// A lock of the monitor's, until this is dropped.
struct Held<'a, P: Robust> {
    lock: &'a RawRobustMutex<P>,
    me: P::Owner,
    site: P::Site,
    panicking: bool,
}

impl<P: Robust> Drop for Held<'_, P> {
    #[inline]
    fn drop(&mut self) {
        if self.lock.is_mine() {
            // Whoever panicked with it may have left the store as the dead do.
            let left = if !self.panicking && P::panicking() { Left::OwnerDied } else { Left::Clean };
            self.lock.unlock_mine(self.me, left, self.site);
        }
    }
}

/// A result that is shown by the number of items that it left.
struct Leaving<R>(R, u32);

impl<R> Observe for Leaving<R> {
    fn observed(&self) -> u64 {
        self.1.into()
    }
}

impl<P: Robust> RawMonitor<P> {
    /// A monitor of something for at most `limit` items, at most 2^31 - 1, that is empty.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        let limit = limit.min(OVER - 1);
        RawMonitor {
            core: RawRobustMutex::new(),
            putters: RawRobustMutex::new(),
            getters: RawRobustMutex::new(),
            bell: RawBell::new(),
            in_place: InPlace::new(),
            limit,
            awaited: Cell::new(0),
            closed: Cell::new(false),
            items: P::Futex::new(0),
            room: P::Futex::new(limit),
        }
    }

    /// The address that names this monitor in operations.
    #[inline]
    #[must_use]
    pub fn address(&self) -> usize {
        self.bell.address()
    }

    /// Puts something into `store`. `put` does it, or returns `None` for lack of room, which
    /// it must not if the store is empty. It is not called if there are as many items as
    /// there can be.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was put.
    pub fn put<R>(
        &self,
        store: &impl Watched,
        wait: Patience,
        site: P::Site,
        mut put: impl FnMut() -> Option<R>,
    ) -> Result<R, Refusal> {
        let attempt = |closed| match closed {
            true => Err(Refusal::Closed),
            false if store.count() >= self.limit => Ok(None),
            false => Ok(put()),
        };
        self.perform(PUTTER, store, wait, site, attempt)
    }

    /// Gets something out of `store`, which is not empty when `get` is called.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was got.
    pub fn get<R>(
        &self,
        store: &impl Watched,
        wait: Patience,
        site: P::Site,
        get: impl FnOnce() -> R,
    ) -> Result<R, Refusal> {
        let mut get = Some(get);
        let attempt = |closed| match store.count() {
            0 if closed => Err(Refusal::Closed),
            0 => Ok(None),
            _ => Ok(get.take().map(|get| get())),
        };
        self.perform(GETTER, store, wait, site, attempt)
    }

    /// Runs `code`, which may take any time, inside what [`put`](Self::put) or
    /// [`get`](Self::get) calls.
    pub fn in_place<R>(&self, code: impl FnOnce() -> R) -> R {
        self.in_place.during(&self.core, || self.foreign(code))
    }

    /// Runs `code` of the program's inside what [`put`](Self::put) or [`get`](Self::get) calls,
    /// before the store is changed: whatever it takes or gives back, the kernel knows of the bell
    /// again.
    pub fn foreign<R>(&self, code: impl FnOnce() -> R) -> R {
        let result = code();
        self.bell.begin(P::me());
        result
    }

    /// Closes it; says whether it was open.
    pub fn close(&self, store: &impl Watched, site: P::Site) -> bool {
        let op = || Op::new(Kind::Write, "close", self.address(), site.location());
        P::step(op, || {
            let core = self.entered(self.core.lock(site), store, site);
            self.bell.begin(core.me);
            self.bell.quiet();
            let before = self.closed.replace(true);
            self.show(store);
            self.bell.wake();
            self.bell.end(core.me);
            !before
        })
    }

    /// What `look` finds under the lock, told whether it is closed.
    pub fn look<R: Observe>(
        &self,
        store: &impl Watched,
        name: &'static str,
        site: P::Site,
        look: impl FnOnce(u32, bool) -> R,
    ) -> R {
        let op = || Op::new(Kind::Read, name, self.address(), site.location());
        P::step(op, || {
            let _core = self.entered(self.core.lock(site), store, site);
            look(store.count(), self.closed.get())
        })
    }

    /// The most items that there can be.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    fn perform<R>(
        &self,
        side: u32,
        store: &impl Watched,
        wait: Patience,
        site: P::Site,
        mut attempt: impl FnMut(bool) -> Result<Option<R>, Refusal>,
    ) -> Result<R, Refusal> {
        let body = || {
            if let Some(done) = self.attempt(side, store, wait, site, false, &mut attempt)? {
                return Ok(done);
            }
            self.wait(side, store, wait, site, &mut attempt)
        };
        P::step(|| self.op(side, wait, site), body).map(|done| done.0)
    }

    /// Tries once. If it does not come off, marks the bell for this side where it `sleeps`.
    fn attempt<R>(
        &self,
        side: u32,
        store: &impl Watched,
        wait: Patience,
        site: P::Site,
        sleeps: bool,
        attempt: &mut impl FnMut(bool) -> Result<Option<R>, Refusal>,
    ) -> Result<Option<Leaving<R>>, Refusal> {
        let core = self.entered(self.enter(wait, site)?, store, site);
        let awaited = self.awaited.get() & !side != 0;
        if awaited {
            self.bell.begin(core.me);
            self.bell.quiet();
        }
        let result = attempt(self.closed.get());
        if matches!(result, Ok(Some(_))) {
            self.show(store);
        }
        if awaited {
            self.awaited.set(self.awaited.get() & side);
            self.bell.wake();
            self.bell.end(core.me);
        }
        if sleeps && matches!(result, Ok(None)) {
            self.awaited.set(self.awaited.get() | side);
            self.bell.mark(side);
        }
        // Counted while the lock is held.
        result.map(|done| done.map(|result| Leaving(result, store.count())))
    }

    /// Waits for its turn among its side, and tries and sleeps until it comes off.
    #[cold]
    fn wait<R>(
        &self,
        side: u32,
        store: &impl Watched,
        wait: Patience,
        site: P::Site,
        attempt: &mut impl FnMut(bool) -> Result<Option<R>, Refusal>,
    ) -> Result<Leaving<R>, Refusal> {
        let lock = if side == GETTER { &self.getters } else { &self.putters };
        let deadline = match wait {
            Patience::Never => return Err(Refusal::WouldBlock),
            Patience::Until(deadline) => {
                lock.lock_until(deadline, site).ok_or_else(|| self.in_place.late(&self.core))?;
                Some(deadline)
            }
            Patience::Forever => {
                lock.lock(site);
                None
            }
        };
        let _turn = Held { lock, me: P::me(), site, panicking: P::panicking() };
        let mut late = false;
        loop {
            if let Some(done) = self.attempt(side, store, wait, site, !late, attempt)? {
                return Ok(done);
            }
            if late {
                return Err(Refusal::WouldBlock);
            }
            late = self.bell.sleep(side, deadline, || self.op(side, wait, site)) == Woken::TimedOut;
        }
    }

    /// Takes the lock around the store. Who has it is soon done, or in place.
    fn enter(&self, wait: Patience, site: P::Site) -> Result<Taken, Refusal> {
        let taken = match wait {
            Patience::Forever => return Ok(self.core.lock(site)),
            Patience::Until(deadline) => self.core.lock_until(deadline, site),
            Patience::Never => self.core.try_lock(site),
        };
        taken.map_or_else(|| self.insist(site), Ok)
    }

    /// Takes the lock unless its holder is in place.
    #[cold]
    fn insist(&self, site: P::Site) -> Result<Taken, Refusal> {
        loop {
            if self.core.is_mine() {
                locked_twice();
            }
            self.in_place.check(&self.core)?;
            if let Some(taken) = self.core.lock_until(P::now().saturating_add(PATIENCE), site) {
                return Ok(taken);
            }
        }
    }

    /// The lock around the store, as it was taken; repairs the store if it must.
    fn entered(&self, taken: Taken, store: &impl Watched, site: P::Site) -> Held<'_, P> {
        let core = Held { lock: &self.core, me: P::me(), site, panicking: P::panicking() };
        if taken != Taken::Clean {
            self.in_place.forget();
            self.bell.begin(core.me);
            self.bell.quiet();
            store.repair();
            self.show(store);
            self.bell.wake();
            self.bell.end(core.me);
        }
        core
    }

    /// The operation that a side announces: enabled while there is an item, or room.
    fn op(&self, side: u32, wait: Patience, site: P::Site) -> Op {
        let (names, enough) =
            if side == GETTER { (["get", "try_get"], &self.items) } else { (["put", "try_put"], &self.room) };
        let op = |name| Op::new(Kind::ReadWrite, name, self.address(), site.location());
        wait.announce(names, op, || P::guard(enough, !0, Cmp::Ne, 0))
    }

    /// Lets guards know how it stands.
    fn show(&self, store: &impl Watched) {
        let over = || if self.closed.get() { OVER } else { 0 };
        P::show(&self.items, || store.count() | over());
        P::show(&self.room, || self.limit.saturating_sub(store.count()) | over());
    }
}

impl<P: Robust> fmt::Debug for RawMonitor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawMonitor").field("limit", &self.limit).finish_non_exhaustive()
    }
}
