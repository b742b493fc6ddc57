//! Compares with the capacity by one too much.

use super::buffer::{Items, buffer};

buffer! {
    Fifo:
    /// Holds one item more than it says.
    OneTooMany {
        fn is_full(&self, items: &Items) -> bool {
            items.count() > items.most()
        }
    }
}
