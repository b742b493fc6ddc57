//! Looks whether a permit is free in one step and takes it in another.

use super::permits::permits;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

permits! {
    /// Two take the last one.
    CheckThenTake {
        fn try_acquire(&self) -> bool {
            let (free, _) = &self.words;
            let seen = free.load(SeqCst);
            if seen > 0 {
                free.store(seen - 1, SeqCst);
            }
            seen > 0
        }
    }
}
