//! Wakes one of those who wait when it is done.

use super::single::single;
use crate::mutant::word::wake;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

single! {
    /// The others sleep on.
    WakesOne {
        fn finish(&self) {
            self.word.store(2, SeqCst);
            wake(&self.word, 1);
        }
    }
}
