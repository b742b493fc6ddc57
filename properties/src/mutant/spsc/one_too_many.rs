//! Compares with the capacity by one too much.

use super::chute::chute;

chute! {
    /// One item more than there should be.
    OneTooMany {
        fn is_full(&self, items: u32) -> bool {
            items > self.ring.capacity()
        }
    }
}
