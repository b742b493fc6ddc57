//! Looks where the smallest is under the lock, and takes from there under the lock once more.

use crate::mutant::queue::{Inside, buffer};

buffer! {
    Priority:
    /// Something else lies there meanwhile.
    RememberedLeast {
        fn take(&self, inside: Inside<'_>) -> u8 {
            let least = self.next(&inside);
            let item = inside.at(least);
            drop(inside);
            let mut inside = self.store.enter();
            if least < inside.count() { inside.remove(least) } else { item }
        }
    }
}
