//! Every waiter ends: of whatever somebody waits for.
//!
//! A waiter that does not end keeps its program from ending: that is a deadlock or a
//! livelock, which the scheduler finds by itself. The witness is for programs that go on
//! without their waiters (that detach them, or wait with a time-out).
//!
//! When a waiter is killed, it has ended.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// The law.
pub const EVERY_WAITER_ENDS: Law =
    Law { name: "every waiter ends", sentence: "whoever begins to wait is let go, before its time runs out" };

shareable! {
    /// Counts waits that have begun and ended.
    ///
    /// ```
    /// use selvedge_properties::law::Waiters;
    /// let waiters = Waiters::new();
    /// waiters.wait(|| true);
    /// waiters.all_ended();
    /// ```
    pub struct Waiters {
        begun: AtomicU32,
        ended: AtomicU32,
    }
}

impl Waiters {
    /// Nobody waits.
    pub const fn new() -> Waiters {
        Waiters { begun: AtomicU32::new(0), ended: AtomicU32::new(0) }
    }

    /// Waits by `wait`, which says whether it was let go in time.
    pub fn wait(&self, wait: impl FnOnce() -> bool) {
        self.begun.fetch_add(1, SeqCst);
        if wait() {
            self.ended.fetch_add(1, SeqCst);
        }
    }

    /// At the end.
    ///
    /// # Panics
    /// If somebody was not let go.
    #[track_caller]
    pub fn all_ended(&self) {
        let (begun, ended) = (self.begun.load(SeqCst), self.ended.load(SeqCst));
        EVERY_WAITER_ENDS.demand(begun == ended, || format!("{begun} began to wait, {ended} were let go"));
    }
}

impl Default for Waiters {
    fn default() -> Waiters {
        Waiters::new()
    }
}
