//! Does not wait where somebody has begun.

use super::single::single;
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

single! {
    /// Comes back before it is done.
    EarlyReturn {
        fn wait(&self) {
            while self.word.load(SeqCst) == 0 {
                sleep(&self.word, 0);
            }
        }
    }
}
