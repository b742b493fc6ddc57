//! Writes one half after the other.

use super::number::number;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

number! {
    /// Somebody reads half of the old number and half of the new one.
    TornWrite {
        fn set(&self, value: u32) {
            let before = self.word.load(SeqCst);
            self.word.store(before & 0xffff_0000 | value & 0xffff, SeqCst);
            self.word.store(value, SeqCst);
        }
    }
}
