//! Does not wait, and calls it lost.

use super::survivor::{Taken, survivor};
use selvedge_harness::prelude::LockError;

survivor! {
    /// A holder that is alive, but slow, is taken to be gone for good.
    Impatient {
        fn lock(&self) -> Taken<'_> {
            match self.real.try_lock() {
                Err(LockError::WouldBlock) => Err(LockError::Unrecoverable),
                other => other,
            }
        }
    }
}
