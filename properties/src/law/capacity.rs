//! Capacity never exceeded: of a bounded queue or buffer.
//!
//! When a consumer is killed before it got what it was counted for, the count is too low:
//! no breach is invented, one may be missed.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

/// The law.
pub const CAPACITY: Law =
    Law { name: "capacity never exceeded", sentence: "no more items are inside than there is room for" };

shareable! {
    /// Counts the items that are certainly inside.
    ///
    /// ```
    /// use selvedge_properties::law::Filled;
    /// let filled = Filled::new(1);
    /// filled.put();
    /// filled.getting();
    /// filled.put();
    /// ```
    pub struct Filled {
        capacity: i64,
        inside: AtomicI64,
    }
}

impl Filled {
    /// Nothing is inside, `capacity` items have room.
    pub const fn new(capacity: i64) -> Filled {
        Filled { capacity, inside: AtomicI64::new(0) }
    }

    /// Right after an item was put.
    ///
    /// # Panics
    /// If there cannot have been room for it.
    #[track_caller]
    pub fn put(&self) {
        let inside = self.inside.fetch_add(1, SeqCst) + 1;
        CAPACITY.demand(inside <= self.capacity, || format!("{inside} inside, {} have room", self.capacity));
    }

    /// Right before an item is got.
    pub fn getting(&self) {
        self.inside.fetch_sub(1, SeqCst);
    }
}
