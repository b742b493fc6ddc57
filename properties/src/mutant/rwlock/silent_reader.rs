//! The last reader wakes nobody.

use super::shared_lock::shared_lock;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

shared_lock! {
    /// A writer that waits for it waits for ever.
    SilentReader {
        fn end_read(&self) {
            self.word.fetch_sub(1, SeqCst);
        }
    }
}
