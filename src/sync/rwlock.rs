//! A value that many can read or one can write, and that survives both.
//!
//! Called by programs that read far more often than they write.
//!
//! | state | gate | slots | `read` | `write` |
//! |---|---|---|---|---|
//! | free | free | all free | takes a slot | takes the gate, then every slot |
//! | read | free | some held by readers | takes another slot | takes the gate, waits for each reader |
//! | a writer waits | held | some held by readers, some by it | waits at the gate | waits at the gate |
//! | written | held | all held by the writer | waits at the gate | waits at the gate |
//!
//! Gate and slots are robust locks of their own. So nobody counts readers: a dead reader's
//! slot is let go by the kernel like any lock of the dead, and so is a dead writer's gate.
//!
//! 1. Who reads holds one slot; who writes holds the gate and all slots.
//! 2. Whoever waits for a slot holds the gate; nobody waits for the gate while it holds a
//!    slot, and a writer takes the slots in order. So nobody waits in a circle.
//! 3. The mark that the value is being written is set by a writer that has every slot, and
//!    cleared before it gives back the first. Who finds it set with a slot in hand knows
//!    that the last writer did not end well.
//! 4. A writer that waits keeps out readers that come after it. A task that reads twice at
//!    a time can therefore wait for itself, by way of a writer, as with std's lock.
//!
//! Orderings: those of [`RawRobustMutex`]; the mark is relaxed, under the slots.
//!
//! When a process dies here, at whatever instruction: a reader, or whoever was only
//! waiting, leaves nothing behind but free locks. A writer leaves the mark: everybody after
//! it is told, [`LockError::OwnerDied`], until a writer repairs the value. At most
//! [`RwLock::READERS`] tasks read at a time; another one waits until one of them is done.
//! The limit of 2,048 robust locks held by one thread counts a writer as 33.

use super::LockError;
use crate::platform::{Atomic, Kind, Native, Observe, Op, Owner, Robust, Site, Tasks};
use crate::raw::{Left, RawRobustMutex, Taken};
use crate::shm::Shareable;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering::Relaxed;
use std::thread::panicking;
use std::time::Duration;

const READERS: usize = 32;

/// The value is in order.
const CLEAN: u32 = 0;
/// Somebody writes, or died writing.
const WRITTEN: u32 = 1;
/// After a death, nobody repaired it.
const LOST: u32 = 2;

/// A value that many tasks can read at a time, or one can write.
///
/// ```
/// let price = selvedge::RwLock::new(5);
/// {
///     let (one, two) = (price.read().unwrap(), price.read().unwrap());
///     assert_eq!(*one + *two, 10);
/// }
/// *price.write().unwrap() += 1;
/// assert_eq!(price.into_inner(), 6);
/// ```
#[repr(C)]
pub struct RwLock<T: ?Sized, P: Robust = Native> {
    gate: RawRobustMutex<P>,
    slots: [RawRobustMutex<P>; READERS],
    mark: P::AtomicU32,
    data: UnsafeCell<T>,
}

// SAFETY: invariant 1: references to the data are either many and shared, or one.
unsafe impl<T: ?Sized + Send + Sync, P: Robust> Sync for RwLock<T, P> {}
// SAFETY: nothing in it belongs to one thread.
unsafe impl<T: ?Sized + Send, P: Robust> Send for RwLock<T, P> {}
// SAFETY: words, and data that is shareable by itself.
unsafe impl<T: Shareable, P: Tasks> Shareable for RwLock<T, P> {}

/// The right to read the value of a [`RwLock`], until it is dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T: ?Sized, P: Robust = Native> {
    lock: &'a RwLock<T, P>,
    slot: usize,
    owner: u32,
    site: P::Site,
    // The slot is in its thread's list: no other thread can give it back.
    not_send: PhantomData<*const ()>,
}

/// The right to use the value of a [`RwLock`], until it is dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockWriteGuard<'a, T: ?Sized, P: Robust = Native> {
    lock: &'a RwLock<T, P>,
    owner: u32,
    consistent: bool,
    panicking: bool,
    site: P::Site,
    not_send: PhantomData<*const ()>,
}

// SAFETY: a shared guard gives shared references to the data, no more.
unsafe impl<T: ?Sized + Sync, P: Robust> Sync for RwLockReadGuard<'_, T, P> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync, P: Robust> Sync for RwLockWriteGuard<'_, T, P> {}

/// What reading comes to.
pub type ReadResult<'a, T, P = Native> =
    Result<RwLockReadGuard<'a, T, P>, LockError<RwLockReadGuard<'a, T, P>>>;
/// What writing comes to.
pub type WriteResult<'a, T, P = Native> =
    Result<RwLockWriteGuard<'a, T, P>, LockError<RwLockWriteGuard<'a, T, P>>>;

/// How long somebody is ready to wait.
#[derive(Clone, Copy)]
enum Patience {
    Forever,
    Until(u64),
    Never,
}

impl Patience {
    /// Takes one lock; false if the patience did not last. That its last owner died means
    /// nothing by itself: what it left is in the mark.
    fn take<P: Robust>(self, lock: &RawRobustMutex<P>, site: P::Site) -> bool {
        let taken = match self {
            Patience::Forever => Some(lock.lock(site)),
            Patience::Until(deadline) => lock.lock_until(deadline, site),
            Patience::Never => lock.try_lock(site),
        };
        debug_assert_ne!(taken, Some(Taken::Unrecoverable), "these locks are always given back in order");
        taken.is_some()
    }
}

/// A slot and the mark beside it; a trace shows the mark.
struct Got {
    slot: usize,
    mark: u32,
}

impl Observe for Got {
    fn observed(&self) -> u64 {
        u64::from(self.mark)
    }
}

impl<T, P: Robust> RwLock<T, P> {
    /// The most tasks that read at a time.
    pub const READERS: usize = READERS;

    /// A free lock around `value`.
    pub fn new(value: T) -> Self {
        let slots = std::array::from_fn(|_| RawRobustMutex::new());
        let mark = P::AtomicU32::new(CLEAN);
        RwLock { gate: RawRobustMutex::new(), slots, mark, data: UnsafeCell::new(value) }
    }

    /// The value, now that nobody else has the lock, in whatever state it is.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized, P: Robust> RwLock<T, P> {
    /// Waits until nobody writes, or waits to, and reads.
    ///
    /// # Errors
    /// [`LockError::OwnerDied`] with the guard, if the last writer died or panicked and no
    /// writer has repaired the value since, or [`LockError::Unrecoverable`].
    #[track_caller]
    pub fn read(&self) -> ReadResult<'_, T, P> {
        self.reading(Patience::Forever, P::Site::here())
    }

    /// Reads if nobody writes. If somebody waits to, or tries to at this very moment, it
    /// may read or not.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`LockError::WouldBlock`].
    #[track_caller]
    pub fn try_read(&self) -> ReadResult<'_, T, P> {
        self.reading(Patience::Never, P::Site::here())
    }

    /// As [`read`](Self::read), but no longer than until `deadline` (nanoseconds on the
    /// platform's clock).
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`LockError::WouldBlock`] if it passed.
    #[track_caller]
    pub fn read_until(&self, deadline: u64) -> ReadResult<'_, T, P> {
        self.reading(Patience::Until(deadline), P::Site::here())
    }

    /// As [`read`](Self::read), but not much longer than `timeout`.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`LockError::WouldBlock`] if it took longer.
    #[track_caller]
    pub fn try_read_for(&self, timeout: Duration) -> ReadResult<'_, T, P> {
        self.read_until(P::deadline(timeout))
    }

    /// Waits until nobody else reads or writes, and writes.
    ///
    /// # Errors
    /// [`LockError::OwnerDied`] with the guard, if the last writer died or panicked, or
    /// [`LockError::Unrecoverable`].
    #[track_caller]
    pub fn write(&self) -> WriteResult<'_, T, P> {
        self.writing(Patience::Forever, P::Site::here())
    }

    /// Writes if nobody else reads, writes or tries to at this very moment.
    ///
    /// # Errors
    /// As [`write`](Self::write), and [`LockError::WouldBlock`].
    #[track_caller]
    pub fn try_write(&self) -> WriteResult<'_, T, P> {
        self.writing(Patience::Never, P::Site::here())
    }

    /// As [`write`](Self::write), but no longer than until `deadline` (nanoseconds on the
    /// platform's clock).
    ///
    /// # Errors
    /// As [`write`](Self::write), and [`LockError::WouldBlock`] if it passed.
    #[track_caller]
    pub fn write_until(&self, deadline: u64) -> WriteResult<'_, T, P> {
        self.writing(Patience::Until(deadline), P::Site::here())
    }

    /// As [`write`](Self::write), but not much longer than `timeout`.
    ///
    /// # Errors
    /// As [`write`](Self::write), and [`LockError::WouldBlock`] if it took longer.
    #[track_caller]
    pub fn try_write_for(&self, timeout: Duration) -> WriteResult<'_, T, P> {
        self.write_until(P::deadline(timeout))
    }

    /// The value, since nobody else can have the lock, in whatever state it is.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    fn op(&self, kind: Kind, name: &'static str, site: P::Site) -> Op {
        Op::new(kind, name, self.gate.address(), site.location())
    }

    fn reading(&self, patience: Patience, site: P::Site) -> ReadResult<'_, T, P> {
        let op = || self.op(Kind::TryAcquire, "read", site);
        let taken = P::step(op, || {
            let slot = self.take_slot(patience, site)?;
            Some(Got { slot, mark: self.mark.load(Relaxed) })
        });
        let Some(Got { slot, mark }) = taken else { return Err(LockError::WouldBlock) };
        let owner = P::me().id();
        let guard = RwLockReadGuard { lock: self, slot, owner, site, not_send: PhantomData };
        match mark {
            CLEAN => Ok(guard),
            LOST => Err(LockError::Unrecoverable),
            _ => Err(LockError::OwnerDied(guard)),
        }
    }

    /// A slot of one's own, at once or by way of the gate.
    fn take_slot(&self, patience: Patience, site: P::Site) -> Option<usize> {
        if matches!(patience, Patience::Never) {
            return self.free_slot(site);
        }
        if !self.gate.is_locked(site)
            && let Some(slot) = self.free_slot(site)
        {
            return Some(slot);
        }
        if !patience.take(&self.gate, site) {
            return None;
        }
        // With the gate in hand nobody writes: if no slot is free, readers have them.
        let first = self.first_slot();
        let slot = self.free_slot(site).or_else(|| patience.take(&self.slots[first], site).then_some(first));
        self.gate.unlock(Left::Clean, site);
        slot
    }

    /// Takes a free slot, if there is any.
    fn free_slot(&self, site: P::Site) -> Option<usize> {
        let first = self.first_slot();
        (0..READERS)
            .map(|index| (first + index) % READERS)
            .find(|&slot| Patience::Never.take(&self.slots[slot], site))
    }

    /// Where the caller looks first, so that readers do not meet in one line of the cache.
    fn first_slot(&self) -> usize {
        P::me().place() % READERS
    }

    fn writing(&self, patience: Patience, site: P::Site) -> WriteResult<'_, T, P> {
        let op = || self.op(Kind::TryAcquire, "write", site);
        let Some(mark) = P::step(op, || self.take_all(patience, site)) else {
            return Err(LockError::WouldBlock);
        };
        let owner = P::me().id();
        let (panicking, consistent) = (panicking(), mark == CLEAN);
        let guard =
            RwLockWriteGuard { lock: self, owner, consistent, panicking, site, not_send: PhantomData };
        match mark {
            CLEAN => Ok(guard),
            LOST => Err(LockError::Unrecoverable),
            _ => Err(LockError::OwnerDied(guard)),
        }
    }

    /// Takes the gate and every slot, and sets the mark; says what it was before.
    fn take_all(&self, patience: Patience, site: P::Site) -> Option<u32> {
        let tries = matches!(patience, Patience::Never);
        // Who only tries does not get into the way of others if it can see that in advance.
        if tries && self.slots.iter().any(|slot| slot.is_locked(site)) || !patience.take(&self.gate, site) {
            return None;
        }
        for (index, slot) in self.slots.iter().enumerate() {
            if !patience.take(slot, site) {
                self.slots[..index].iter().for_each(|slot| slot.unlock(Left::Clean, site));
                self.gate.unlock(Left::Clean, site);
                return None;
            }
        }
        let mark = self.mark.load(Relaxed);
        if mark == CLEAN {
            self.mark.store(WRITTEN, Relaxed);
        }
        Some(mark)
    }

    /// The end of writing: leaves the mark, and gives back all slots but one, if one is
    /// to be kept, and the gate.
    fn give_all(&self, mark: u32, keep: Option<usize>, site: P::Site) {
        self.mark.store(mark, Relaxed);
        for (index, slot) in self.slots.iter().enumerate() {
            if Some(index) != keep {
                slot.unlock(Left::Clean, site);
            }
        }
        self.gate.unlock(Left::Clean, site);
    }
}

impl<'a, T: ?Sized, P: Robust> RwLockWriteGuard<'a, T, P> {
    /// Says that the value is in order again after its last writer died.
    pub fn mark_consistent(&mut self) {
        self.consistent = true;
    }

    /// Whether the value is in order: it was when the lock was taken, or was marked since.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.consistent
    }

    /// Goes on as a reader: nobody writes in between. Of a value that is not in order, the
    /// next writer is told as if this one had died.
    pub fn downgrade(self) -> RwLockReadGuard<'a, T, P> {
        let (lock, slot, owner, site) = (self.lock, self.lock.first_slot(), self.owner, self.site);
        let mark = if self.consistent { CLEAN } else { WRITTEN };
        std::mem::forget(self);
        P::step(|| lock.op(Kind::Release, "downgrade", site), || lock.give_all(mark, Some(slot), site));
        RwLockReadGuard { lock, slot, owner, site, not_send: PhantomData }
    }
}

impl<T: ?Sized, P: Robust> Deref for RwLockReadGuard<'_, T, P> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: invariant 1.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized, P: Robust> Deref for RwLockWriteGuard<'_, T, P> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: invariant 1.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized, P: Robust> DerefMut for RwLockWriteGuard<'_, T, P> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: invariant 1, and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized, P: Robust> Drop for RwLockReadGuard<'_, T, P> {
    fn drop(&mut self) {
        // A copy that came into a forked child gives back nothing.
        if P::me().id() == self.owner {
            let lock = self.lock;
            let op = || lock.op(Kind::Release, "end of read", self.site);
            P::step(op, || lock.slots[self.slot].unlock(Left::Clean, self.site));
        }
    }
}

impl<T: ?Sized, P: Robust> Drop for RwLockWriteGuard<'_, T, P> {
    fn drop(&mut self) {
        if P::me().id() == self.owner {
            let mark = match self.consistent {
                _ if !self.panicking && panicking() => WRITTEN,
                true => CLEAN,
                false => LOST,
            };
            let lock = self.lock;
            let op = || lock.op(Kind::Release, "end of write", self.site);
            P::step(op, || lock.give_all(mark, None, self.site));
        }
    }
}

impl<T: Default, P: Robust> Default for RwLock<T, P> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T, P: Robust> From<T> for RwLock<T, P> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: ?Sized, P: Robust> fmt::Debug for RwLock<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The data is left out: to print must not be to lock.
        f.debug_struct("RwLock").finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug, P: Robust> fmt::Debug for RwLockReadGuard<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug, P: Robust> fmt::Debug for RwLockWriteGuard<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
