//! Says that work is done without waking those who wait for it.

use super::work::work;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

work! {
    /// A join waits for ever.
    SilentFinish {
        fn finish(&self) {
            self.pile.unfinished.fetch_sub(1, SeqCst);
        }
    }
}
