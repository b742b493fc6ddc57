//! Nobody is told that all writers are gone.

use super::tube::tube;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

tube! {
    /// The reader waits for ever.
    NoEnd {
        fn hang_up(&self) {
            self.channel.writers.fetch_sub(1, SeqCst);
        }
    }
}
