//! Looks at an item under the lock, and takes it under the lock once more.

use super::buffer::{Inside, buffer};

buffer! {
    Fifo:
    /// Two get the same item, and another one is lost.
    LookAndTake {
        fn take(&self, inside: Inside<'_>) -> u8 {
            let item = inside.at(0);
            drop(inside);
            let mut inside = self.store.enter();
            if inside.count() > 0 {
                inside.remove(0);
            }
            item
        }
    }
}
