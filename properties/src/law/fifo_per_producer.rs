//! Per-producer FIFO: of a queue that many put into.
//!
//! When a producer is killed, its items simply end.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// The law.
pub const FIFO_PER_PRODUCER: Law = Law {
    name: "per-producer FIFO",
    sentence: "one consumer gets the items of one producer in the order in which they were put",
};

/// Producers for which there is room.
const ROOM: usize = 16;

shareable! {
    /// What one consumer got last, of each of up to 16 producers that number their items from
    /// 1 on.
    ///
    /// ```
    /// use selvedge_properties::law::PerProducer;
    /// let order = PerProducer::new();
    /// order.got(0, 1);
    /// order.got(1, 1);
    /// order.got(0, 3); // another consumer has the second
    /// ```
    pub struct PerProducer {
        latest: [AtomicU64; ROOM],
    }
}

impl PerProducer {
    /// Nothing was got.
    pub const fn new() -> PerProducer {
        PerProducer { latest: [const { AtomicU64::new(0) }; ROOM] }
    }

    /// Right after item `number` of `producer` was got.
    ///
    /// # Panics
    /// If a later one was got before.
    #[track_caller]
    pub fn got(&self, producer: usize, number: u64) {
        let before = self.latest[producer].swap(number, SeqCst);
        FIFO_PER_PRODUCER
            .demand(before < number, || format!("{number} of producer {producer} came after {before}"));
    }
}

impl Default for PerProducer {
    fn default() -> PerProducer {
        PerProducer::new()
    }
}
