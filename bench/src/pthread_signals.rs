//! The C library's process-shared condition variable and barrier, and an event made of the
//! first, as rivals.
//!
//! Used by the bench `signals`. Each is initialised in `new` and may be moved before it is
//! used.
//!
//! When a process dies in one of these, the others may wait for ever.

use nix::libc;
use std::cell::{Cell, UnsafeCell};

/// A flag to wait for, as it is made of a mutex and a condition variable.
pub struct Event {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    changed: UnsafeCell<libc::pthread_cond_t>,
    set: Cell<bool>,
}

/// A barrier.
pub struct Barrier(UnsafeCell<libc::pthread_barrier_t>);

macro_rules! between_processes {
    ($($signal:ty),*) => {$(
        // SAFETY: made for it; it has neither pointers of this process nor a destructor.
        unsafe impl selvedge::Shareable for $signal {}
        // SAFETY: as above; the flag is under the mutex.
        unsafe impl Sync for $signal {}
        // SAFETY: as above.
        unsafe impl Send for $signal {}
    )*};
}

between_processes!(Event, Barrier);

impl Event {
    /// One that is not set.
    ///
    /// # Panics
    /// If the C library refuses.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "a rival offers what the bench calls")]
    pub fn new() -> Event {
        // SAFETY: all calls get places that are valid for writes, and initialised attributes.
        unsafe {
            let mut attributes: libc::pthread_mutexattr_t = std::mem::zeroed();
            let mut mutex = std::mem::zeroed();
            assert_eq!(libc::pthread_mutexattr_init(&raw mut attributes), 0);
            assert_eq!(
                libc::pthread_mutexattr_setpshared(&raw mut attributes, libc::PTHREAD_PROCESS_SHARED),
                0
            );
            assert_eq!(libc::pthread_mutex_init(&raw mut mutex, &raw const attributes), 0);
            let mut attributes: libc::pthread_condattr_t = std::mem::zeroed();
            let mut changed = std::mem::zeroed();
            assert_eq!(libc::pthread_condattr_init(&raw mut attributes), 0);
            assert_eq!(
                libc::pthread_condattr_setpshared(&raw mut attributes, libc::PTHREAD_PROCESS_SHARED),
                0
            );
            assert_eq!(libc::pthread_cond_init(&raw mut changed, &raw const attributes), 0);
            Event { mutex: UnsafeCell::new(mutex), changed: UnsafeCell::new(changed), set: Cell::new(false) }
        }
    }

    /// Sets it.
    #[inline]
    pub fn set(&self) {
        // SAFETY: initialised in `new`; the caller's thread locks and unlocks.
        unsafe {
            libc::pthread_mutex_lock(self.mutex.get());
            self.set.set(true);
            libc::pthread_cond_broadcast(self.changed.get());
            libc::pthread_mutex_unlock(self.mutex.get());
        }
    }

    /// Makes it unset.
    #[inline]
    pub fn clear(&self) {
        // SAFETY: as above.
        unsafe {
            libc::pthread_mutex_lock(self.mutex.get());
            self.set.set(false);
            libc::pthread_mutex_unlock(self.mutex.get());
        }
    }

    /// Waits for it.
    #[inline]
    pub fn wait(&self) {
        // SAFETY: as above.
        unsafe {
            libc::pthread_mutex_lock(self.mutex.get());
            while !self.set.get() {
                libc::pthread_cond_wait(self.changed.get(), self.mutex.get());
            }
            libc::pthread_mutex_unlock(self.mutex.get());
        }
    }
}

impl Barrier {
    /// One for so many.
    ///
    /// # Panics
    /// If the C library refuses.
    #[must_use]
    pub fn new(parties: u32) -> Barrier {
        // SAFETY: as above.
        unsafe {
            let mut attributes: libc::pthread_barrierattr_t = std::mem::zeroed();
            let mut barrier = std::mem::zeroed();
            assert_eq!(libc::pthread_barrierattr_init(&raw mut attributes), 0);
            assert_eq!(
                libc::pthread_barrierattr_setpshared(&raw mut attributes, libc::PTHREAD_PROCESS_SHARED),
                0
            );
            assert_eq!(libc::pthread_barrier_init(&raw mut barrier, &raw const attributes, parties), 0);
            Barrier(UnsafeCell::new(barrier))
        }
    }

    /// Waits for all.
    #[inline]
    pub fn wait(&self) {
        // SAFETY: as above.
        unsafe {
            libc::pthread_barrier_wait(self.0.get());
        }
    }
}
