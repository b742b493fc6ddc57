//! Compares with the capacity by one too much.

use super::book::{Entries, book};

book! {
    /// Holds one entry more than it says.
    OneTooMany {
        fn is_full(&self, entries: &Entries) -> bool {
            entries.count() > entries.capacity()
        }
    }
}
