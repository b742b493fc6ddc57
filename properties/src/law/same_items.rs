//! No lost, duplicated or reordered item: of queues and pipes.
//!
//! When a producer is killed between its word and its put, the item is missing: tell of
//! the put when it is done, where kills are expected.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

/// The law.
pub const SAME_ITEMS: Law = Law {
    name: "no lost, duplicated or reordered item",
    sentence: "what comes out is what was put in, each item once, in the same order",
};

/// Items for which there is room.
const ROOM: usize = 64;

shareable! {
    /// Numbers, in the order in which they were told.
    struct List {
        items: [AtomicU64; ROOM],
        len: AtomicU32,
    }
}

impl List {
    const fn new() -> List {
        List { items: [const { AtomicU64::new(0) }; ROOM], len: AtomicU32::new(0) }
    }

    #[track_caller]
    fn push(&self, item: u64) {
        let place = self.len.fetch_add(1, SeqCst) as usize;
        assert!(place < ROOM, "this witness has room for {ROOM} items; put fewer");
        self.items[place].store(item, SeqCst);
    }

    fn to_vec(&self) -> Vec<u64> {
        self.items.iter().take(self.len.load(SeqCst) as usize).map(|item| item.load(SeqCst)).collect()
    }
}

shareable! {
    /// Writes down up to 64 items that go in and come out.
    ///
    /// ```
    /// use selvedge_properties::law::Delivery;
    /// let delivery = Delivery::new();
    /// delivery.put(3);
    /// delivery.put(4);
    /// delivery.got(4);
    /// delivery.got(3);
    /// delivery.complete();
    /// assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| delivery.in_order())).is_err());
    /// ```
    pub struct Delivery {
        put: List,
        got: List,
    }
}

impl Delivery {
    /// Nothing went in.
    pub const fn new() -> Delivery {
        Delivery { put: List::new(), got: List::new() }
    }

    /// Right before an item is put.
    #[track_caller]
    pub fn put(&self, item: u64) {
        self.put.push(item);
    }

    /// Right after an item was got.
    #[track_caller]
    pub fn got(&self, item: u64) {
        self.got.push(item);
    }

    /// At the end, of any number of producers and consumers: nothing is lost, nothing
    /// comes twice.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn complete(&self) {
        let (mut put, mut got) = (self.put.to_vec(), self.got.to_vec());
        put.sort_unstable();
        got.sort_unstable();
        SAME_ITEMS.demand(put == got, || format!("in {put:?}, out {got:?}, sorted"));
    }

    /// At the end, of one producer and one consumer: in the same order as well.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn in_order(&self) {
        let (put, got) = (self.put.to_vec(), self.got.to_vec());
        SAME_ITEMS.demand(put == got, || format!("in {put:?}, out {got:?}"));
    }
}

impl Default for Delivery {
    fn default() -> Delivery {
        Delivery::new()
    }
}
