//! Reads it in one step and writes the sum in another.

use super::number::number;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

number! {
    /// What another one adds in between is lost.
    TwoStepAdd {
        fn add(&self, value: u32) -> u32 {
            let before = self.word.load(SeqCst);
            self.word.store(before.wrapping_add(value), SeqCst);
            before
        }
    }
}
