//! Compares with the capacity by one too much.

use crate::mutant::queue::{Items, buffer};

buffer! {
    Priority:
    /// Holds one item more than it says.
    OneTooMany {
        fn is_full(&self, items: &Items) -> bool {
            items.count() > items.most()
        }
    }
}
