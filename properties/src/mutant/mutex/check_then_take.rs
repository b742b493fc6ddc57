//! Looks whether it is free in one step and takes it in another.

use super::lock::lock;
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

lock! {
    /// Two find it free, and both take it.
    CheckThenTake {
        fn lock(&self) {
            while self.word.load(SeqCst) != 0 {
                self.word.store(2, SeqCst);
                sleep(&self.word, 2);
            }
            self.word.store(2, SeqCst);
        }
    }
}
