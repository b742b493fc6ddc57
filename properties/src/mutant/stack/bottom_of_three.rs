//! Takes from the bottom once there are three.

use crate::mutant::queue::{Items, buffer};

buffer! {
    Lifo:
    /// The last is not the first to leave.
    BottomOfThree {
        fn next(&self, items: &Items) -> usize {
            if items.count() > 2 { 0 } else { items.count() - 1 }
        }
    }
}
