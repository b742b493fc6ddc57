//! Waits once, and then calls it lost.

use super::survivor::{Taken, survivor};
use selvedge_harness::prelude::LockError;
use std::time::Duration;

survivor! {
    /// A holder that is alive, but slow, is taken to be gone for good.
    Impatient {
        fn lock(&self) -> Taken<'_> {
            match self.real.try_lock_for(Duration::from_secs(1)) {
                Err(LockError::WouldBlock) => Err(LockError::Unrecoverable),
                other => other,
            }
        }
    }
}
