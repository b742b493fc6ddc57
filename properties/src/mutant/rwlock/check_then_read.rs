//! Looks whether somebody writes in one step and counts itself in another.

use super::shared_lock::{WRITTEN, shared_lock};
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

shared_lock! {
    /// One reads what another one writes.
    CheckThenRead {
        fn try_read(&self) -> bool {
            let free = self.word.load(SeqCst) != WRITTEN;
            if free {
                self.word.fetch_add(1, SeqCst);
            }
            free
        }
    }
}
