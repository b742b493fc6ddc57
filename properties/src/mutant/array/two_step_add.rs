//! Reads a number in one step and writes the sum in another.

use super::row::row;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

row! {
    /// What another one adds in between is lost.
    TwoStepAdd {
        fn add(&self, index: usize, value: u32) -> u32 {
            let before = self.words[index].load(SeqCst);
            self.words[index].store(before.wrapping_add(value), SeqCst);
            before
        }
    }
}
