//! The C library's process-shared locks, as rivals: a robust mutex, a read-write lock and a
//! semaphore.
//!
//! Used by the benches `locks` and `deaths`. Each is initialised in `new`, may be moved before it is used,
//! and is given back by whoever took it.
//!
//! When a process dies with one of these, only the mutex recovers.

use nix::libc;
use std::cell::UnsafeCell;

/// A mutex with the attributes that it needs to survive a process.
#[derive(Debug)]
pub struct Mutex(UnsafeCell<libc::pthread_mutex_t>);
/// A lock that many read or one writes.
#[derive(Debug)]
pub struct RwLock(UnsafeCell<libc::pthread_rwlock_t>);
/// A counting semaphore.
#[derive(Debug)]
pub struct Semaphore(UnsafeCell<libc::sem_t>);

macro_rules! between_processes {
    ($($lock:ty),*) => {$(
        // SAFETY: made for it; it has neither pointers of this process nor a destructor.
        unsafe impl selvedge::Shareable for $lock {}
        // SAFETY: as above.
        unsafe impl Sync for $lock {}
        // SAFETY: as above.
        unsafe impl Send for $lock {}
    )*};
}

between_processes!(Mutex, RwLock, Semaphore);

macro_rules! begin {
    ($lock:ident, $attributes:ty, $begin:ident, $init:ident, $($set:ident to $value:expr),*) => {{
        // SAFETY: all calls get places that are valid for writes, and initialised attributes.
        unsafe {
            let mut attributes: $attributes = std::mem::zeroed();
            let mut lock = std::mem::zeroed();
            assert_eq!(libc::$begin(&raw mut attributes), 0);
            $(assert_eq!(libc::$set(&raw mut attributes, $value), 0);)*
            assert_eq!(libc::$init(&raw mut lock, &raw const attributes), 0);
            $lock(UnsafeCell::new(lock))
        }
    }};
}

impl Mutex {
    /// A free mutex.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a rival offers what the bench calls")]
    pub fn new() -> Mutex {
        begin!(Mutex, libc::pthread_mutexattr_t, pthread_mutexattr_init, pthread_mutex_init,
            pthread_mutexattr_setpshared to libc::PTHREAD_PROCESS_SHARED,
            pthread_mutexattr_setrobust to libc::PTHREAD_MUTEX_ROBUST)
    }

    /// Does `work` with the mutex.
    #[inline]
    pub fn with(&self, work: impl FnOnce()) {
        // SAFETY: initialised in `new`; the caller's thread locks and unlocks.
        unsafe {
            assert_eq!(libc::pthread_mutex_lock(self.0.get()), 0);
            work();
            libc::pthread_mutex_unlock(self.0.get());
        }
    }
}

impl Mutex {
    /// The same where the last holder may have died: then the mutex is repaired first.
    pub fn with_repair(&self, work: impl FnOnce()) {
        // SAFETY: as above.
        unsafe {
            match libc::pthread_mutex_lock(self.0.get()) {
                libc::EOWNERDEAD => assert_eq!(pthread_mutex_consistent(self.0.get()), 0),
                result => assert_eq!(result, 0),
            }
            work();
            libc::pthread_mutex_unlock(self.0.get());
        }
    }
}

// SAFETY: as pthread_mutex_consistent(3) declares it.
unsafe extern "C" {
    fn pthread_mutex_consistent(mutex: *mut libc::pthread_mutex_t) -> libc::c_int;
}

impl RwLock {
    /// A free lock.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "as above")]
    pub fn new() -> RwLock {
        begin!(RwLock, libc::pthread_rwlockattr_t, pthread_rwlockattr_init, pthread_rwlock_init,
            pthread_rwlockattr_setpshared to libc::PTHREAD_PROCESS_SHARED)
    }

    /// Does `work` as a reader.
    #[inline]
    pub fn read(&self, work: impl FnOnce()) {
        // SAFETY: as for the mutex.
        unsafe {
            assert_eq!(libc::pthread_rwlock_rdlock(self.0.get()), 0);
            work();
            libc::pthread_rwlock_unlock(self.0.get());
        }
    }

    /// Does `work` as the writer.
    #[inline]
    pub fn write(&self, work: impl FnOnce()) {
        // SAFETY: as for the mutex.
        unsafe {
            assert_eq!(libc::pthread_rwlock_wrlock(self.0.get()), 0);
            work();
            libc::pthread_rwlock_unlock(self.0.get());
        }
    }
}

impl Semaphore {
    /// A semaphore with `permits` free permits.
    ///
    /// # Panics
    /// If `sem_init(3)` refuses.
    #[must_use]
    pub fn new(permits: u32) -> Semaphore {
        // SAFETY: the place is valid for writes.
        unsafe {
            let mut semaphore = std::mem::zeroed();
            assert_eq!(libc::sem_init(&raw mut semaphore, 1, permits), 0);
            Semaphore(UnsafeCell::new(semaphore))
        }
    }

    /// Does `work` with a permit.
    #[inline]
    pub fn with(&self, work: impl FnOnce()) {
        // SAFETY: as for the mutex.
        unsafe {
            assert_eq!(libc::sem_wait(self.0.get()), 0);
            work();
            libc::sem_post(self.0.get());
        }
    }
}
