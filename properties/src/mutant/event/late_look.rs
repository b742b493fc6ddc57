//! Looks whether it is set, and then sleeps on what it finds by another look.

use super::flag::flag;
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

flag! {
    /// Set between the two, it is slept on while it is set.
    LateLook {
        fn wait(&self) {
            if self.word.load(SeqCst) & 1 == 0 {
                sleep(&self.word, self.word.load(SeqCst));
            }
        }
    }
}
