//! Looks where the top is under the lock, and takes from there under the lock once more.

use crate::mutant::queue::{Inside, buffer};

buffer! {
    Lifo:
    /// Another one is on top meanwhile, or none is there.
    RememberedTop {
        fn take(&self, inside: Inside<'_>) -> u8 {
            let top = self.next(&inside);
            let item = inside.at(top);
            drop(inside);
            let mut inside = self.store.enter();
            if top < inside.count() { inside.remove(top) } else { item }
        }
    }
}
