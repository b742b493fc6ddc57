//! Mutual exclusion: of a lock, a writer's side, a semaphore of one.
//!
//! When a task is killed inside, it stays there until whoever inherits says so.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// The law.
pub const MUTUAL_EXCLUSION: Law =
    Law { name: "mutual exclusion", sentence: "at most one task is inside at any time" };

shareable! {
    /// Counts who is inside.
    ///
    /// ```
    /// use selvedge_properties::law::Alone;
    /// let alone = Alone::new();
    /// drop(alone.enter());
    /// let _inside = alone.enter();
    /// let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(alone.enter())));
    /// assert!(again.is_err());
    /// ```
    pub struct Alone {
        inside: AtomicU32,
    }
}

/// Somebody is inside until this is dropped.
#[must_use = "who drops it at once is not inside"]
pub struct Inside<'a>(&'a AtomicU32);

impl Alone {
    /// Nobody is inside.
    pub const fn new() -> Alone {
        Alone { inside: AtomicU32::new(0) }
    }

    /// The caller is inside from now on: right after it took the lock, and until right
    /// before it gives it back.
    ///
    /// # Panics
    /// If somebody else is.
    #[track_caller]
    pub fn enter(&self) -> Inside<'_> {
        let others = self.inside.fetch_add(1, SeqCst);
        let inside = Inside(&self.inside);
        MUTUAL_EXCLUSION.demand(others == 0, || format!("{others} inside already"));
        inside
    }

    /// The caller learnt that the one inside died there.
    pub fn inherit(&self) {
        self.inside.store(0, SeqCst);
    }
}

impl Default for Alone {
    fn default() -> Alone {
        Alone::new()
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
