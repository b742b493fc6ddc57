//! Tells of an item only if there was none.

use super::buffer::{Items, buffer};

buffer! {
    Fifo:
    /// Two wait, and two items come before the first of them has run: the second sleeps on.
    FirstItemOnly {
        fn put_in(&self, items: &Items) {
            if items.count() == 1 {
                self.store.tell_item();
            }
        }
    }
}
