//! Forgets to give the second of two permits back.

use super::seats::{Permit, seats};

seats! {
    /// The permit is gone although its holder lives.
    KeptPermit {
        fn release(held: &mut Vec<Permit<'_>>) {
            let permit = held.pop();
            if !held.is_empty() {
                std::mem::forget(permit);
            }
        }
    }
}
