//! Never more than n inside: of a semaphore, a pool, readers that are counted.
//!
//! When a task is killed inside, it stays there: see `tokens_survive` for what must come
//! back.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

/// The law.
pub const AT_MOST: Law =
    Law { name: "never more than n inside", sentence: "no more tasks are inside than there are permits" };

shareable! {
    /// Counts who is inside, and how many there were at most.
    ///
    /// ```
    /// use selvedge_properties::law::AtMost;
    /// let room = AtMost::new(2);
    /// room.enter();
    /// room.enter();
    /// room.leave();
    /// room.enter();
    /// assert_eq!(room.most_seen(), 2);
    /// ```
    pub struct AtMost {
        permits: u32,
        inside: AtomicU32,
        most: AtomicU32,
    }
}

impl AtMost {
    /// Nobody is inside; `permits` may be.
    pub const fn new(permits: u32) -> AtMost {
        AtMost { permits, inside: AtomicU32::new(0), most: AtomicU32::new(0) }
    }

    /// Right after the caller was let in.
    ///
    /// # Panics
    /// If it is one too many.
    #[track_caller]
    pub fn enter(&self) {
        let inside = self.inside.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(inside, SeqCst);
        AT_MOST.demand(inside <= self.permits, || format!("{inside} inside, {} permits", self.permits));
    }

    /// Right before the caller goes.
    pub fn leave(&self) {
        self.inside.fetch_sub(1, SeqCst);
    }

    /// How many were inside at once at most: a law that holds because nobody ever shares
    /// shows nothing.
    pub fn most_seen(&self) -> u32 {
        self.most.load(SeqCst)
    }
}
