//! Giving it back means that all is in order, whoever was told what.

use super::survivor::{Guard, survivor};

survivor! {
    /// What nobody repaired is used on.
    UnaskedRepair {
        fn unlock(&self, mut guard: Guard<'_>) {
            guard.mark_consistent();
        }
    }
}
