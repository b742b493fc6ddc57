//! Looks whether it is free in one step and takes it to write in another.

use super::shared_lock::{WRITTEN, shared_lock};
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

shared_lock! {
    /// Two write, or one writes what another one reads.
    CheckThenWrite {
        fn try_write(&self) -> bool {
            let free = self.word.load(SeqCst) == 0;
            if free {
                self.word.store(WRITTEN, SeqCst);
            }
            free
        }
    }
}
