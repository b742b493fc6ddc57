//! A flag to wait for.
//!
//! Called by programs in which many tasks wait until one says go.
//!
//! | state | `wait` | `set` | `clear` |
//! |---|---|---|---|
//! | unset | sleeps | sets, releases all | nothing |
//! | set | returns | nothing | unsets |
//!
//! 1. A `set` releases everybody who waits at that moment, even if a `clear` follows at
//!    once: what a task waits for is that the event was set, not that it still is.
//!
//! Orderings: `set` is a release; `wait` and `is_set` are acquires.
//!
//! When a process dies here, at whatever instruction: a waiter leaves nothing behind, and
//! nobody waits for it. Whoever is killed inside `set` has set the event and released
//! everybody, or has done neither: both are one instruction, or one system call. An event
//! belongs to nobody: that the task which was to set it has died, it does not tell.

use crate::platform::{Native, Platform, Site, Tasks};
use crate::raw::RawEvent;
use crate::shm::Shareable;
use std::fmt;
use std::time::Duration;

/// A flag that tasks can wait for.
///
/// ```
/// let green = selvedge::Event::new();
/// assert!(!green.wait_timeout(std::time::Duration::ZERO));
/// green.set();
/// green.wait();
/// ```
#[repr(C)]
pub struct Event<P: Platform = Native> {
    raw: RawEvent<P>,
}

// SAFETY: it is its words.
unsafe impl<P: Tasks> Shareable for Event<P> {}

impl<P: Platform> Event<P> {
    /// An event that is not set.
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        P::made("Event");
        Event { raw: RawEvent::new() }
    }

    /// Sets the event and releases everybody who waits for it.
    #[track_caller]
    #[inline]
    pub fn set(&self) {
        self.raw.set(P::Site::here());
    }

    /// Makes the event unset.
    #[track_caller]
    #[inline]
    pub fn clear(&self) {
        self.raw.clear(P::Site::here());
    }

    /// Whether the event is set at this moment.
    #[track_caller]
    #[inline]
    pub fn is_set(&self) -> bool {
        self.raw.is_set(P::Site::here())
    }

    /// Waits until the event is set, or was set in the meantime.
    #[track_caller]
    #[inline]
    pub fn wait(&self) {
        self.raw.wait(P::Site::here());
    }

    /// As [`wait`](Self::wait), but not much longer than `timeout`; says whether the
    /// event was set.
    #[track_caller]
    #[inline]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.raw.wait_until(P::deadline(timeout), P::Site::here())
    }

    /// As [`wait`](Self::wait), but no longer than until `deadline` (nanoseconds on the
    /// platform's clock); says whether the event was set.
    #[track_caller]
    #[inline]
    pub fn wait_until(&self, deadline: u64) -> bool {
        self.raw.wait_until(deadline, P::Site::here())
    }
}

impl<P: Platform> Default for Event<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Platform> fmt::Debug for Event<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.raw.is_set(P::Site::here()) { "Event(set)" } else { "Event(unset)" })
    }
}
