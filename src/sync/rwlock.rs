//! A value that many can read or one can write, and that survives both.
//!
//! Called by programs that read far more often than they write.
//!
//! | state | `read` | `write` |
//! |---|---|---|
//! | free | a guard | a guard |
//! | read by some | a guard, unless a writer waits | waits |
//! | written | waits | waits |
//! | its writer was killed, or panicked | [`LockError::OwnerDied`], with the guard | the same |
//! | given back unrepaired after that | [`LockError::Unrecoverable`], for ever | the same |
//!
//! 1. References to the data are either many and shared, from guards that read, or one,
//!    from a guard that writes.
//! 2. A writer that waits keeps out readers that come after it. A task that reads twice at
//!    a time can therefore wait for itself, by way of a writer, as with std's lock.
//! 3. A guard gives back only what its own task has: a copy that came into a forked child
//!    gives back nothing.
//!
//! Orderings: those of [`RawRwLock`].
//!
//! When a process dies here, at whatever instruction: a reader, or whoever was only
//! waiting, leaves nothing behind, and the others go on, within a millisecond as a rule. A
//! dead writer is told of to everybody after it, until a writer repairs the value. At most
//! [`RwLock::READERS`] tasks read at a time; another one waits until one of them is done. Who
//! would wait for nobody but itself, because it reads and wants to write, or has all places of
//! readers, is told by a panic, unless it waits with a deadline.
//! Each guard counts towards the 2,048 robust locks that the kernel frees when its thread
//! dies.

use super::LockError;
use crate::platform::{Native, Owner, Robust, Site, Tasks};
use crate::raw::{Left, Patience, RawRwLock, Reading, Taken};
use crate::shm::Shareable;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

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
    raw: RawRwLock<P>,
    data: UnsafeCell<T>,
}

// SAFETY: invariant 1: references to the data are either many and shared, or one.
unsafe impl<T: ?Sized + Send + Sync, P: Robust> Sync for RwLock<T, P> {}
// SAFETY: nothing in it belongs to one thread.
unsafe impl<T: ?Sized + Send, P: Robust> Send for RwLock<T, P> {}
// SAFETY: words, and data that is shareable by itself.
unsafe impl<T: Shareable, P: Tasks> Shareable for RwLock<T, P> {
    const FORK_ONLY: bool = T::FORK_ONLY;
}

/// The right to read the value of a [`RwLock`], until it is dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct RwLockReadGuard<'a, T: ?Sized, P: Robust = Native> {
    lock: &'a RwLock<T, P>,
    reading: Reading,
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

impl<T, P: Robust> RwLock<T, P> {
    /// The most tasks that read at a time.
    pub const READERS: usize = RawRwLock::<P>::READERS;

    /// A free lock around `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        P::made("RwLock");
        RwLock { raw: RawRwLock::new(), data: UnsafeCell::new(value) }
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
    ///
    /// # Panics
    /// If the calling task writes, or has all places of readers itself: nobody else would ever give
    /// one back. [`try_read`](Self::try_read) returns an error.
    #[track_caller]
    #[inline(always)]
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
    ///
    /// # Panics
    /// If the calling task reads or writes itself: nobody else would ever give that back.
    /// [`try_write`](Self::try_write) returns an error.
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

    #[inline(always)]
    fn reading(&self, patience: Patience, site: P::Site) -> ReadResult<'_, T, P> {
        let Some((reading, found)) = self.raw.read(patience, site) else { return Err(LockError::WouldBlock) };
        let guard =
            || RwLockReadGuard { lock: self, reading, owner: P::me().id(), site, not_send: PhantomData };
        match found {
            Taken::Clean => Ok(guard()),
            Taken::OwnerDied => Err(LockError::OwnerDied(guard())),
            Taken::Unrecoverable => Err(LockError::Unrecoverable),
        }
    }

    fn writing(&self, patience: Patience, site: P::Site) -> WriteResult<'_, T, P> {
        let Some(found) = self.raw.write(patience, site) else { return Err(LockError::WouldBlock) };
        let guard = |consistent| RwLockWriteGuard {
            lock: self,
            owner: P::me().id(),
            consistent,
            panicking: P::panicking(),
            site,
            not_send: PhantomData,
        };
        match found {
            Taken::Clean => Ok(guard(true)),
            Taken::OwnerDied => Err(LockError::OwnerDied(guard(false))),
            Taken::Unrecoverable => Err(LockError::Unrecoverable),
        }
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
    /// next one is told as if this writer had died.
    ///
    /// # Panics
    /// In a forked child, with the copy of a guard that its parent has.
    pub fn downgrade(self) -> RwLockReadGuard<'a, T, P> {
        let (lock, owner, site) = (self.lock, self.owner, self.site);
        assert!(P::me().id() == owner, "a forked child cannot downgrade the guard of its parent");
        let left = if self.consistent { Left::Clean } else { Left::OwnerDied };
        std::mem::forget(self);
        let reading = lock.raw.downgrade(left, site);
        RwLockReadGuard { lock, reading, owner, site, not_send: PhantomData }
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
    #[inline(always)]
    fn drop(&mut self) {
        // Invariant 3.
        let me = P::me();
        if me.id() == self.owner {
            debug_assert!(self.lock.raw.is_read_by_me(self.reading), "nobody else ends it");
            self.lock.raw.end_read(me, self.reading, self.site);
        }
    }
}

impl<T: ?Sized, P: Robust> Drop for RwLockWriteGuard<'_, T, P> {
    fn drop(&mut self) {
        if P::me().id() == self.owner {
            debug_assert!(self.lock.raw.is_written_by_me(), "nobody else ends it");
            let left = match self.consistent {
                _ if !self.panicking && P::panicking() => Left::OwnerDied,
                true => Left::Clean,
                false => Left::Unrecoverable,
            };
            self.lock.raw.end_write(left, self.site);
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
