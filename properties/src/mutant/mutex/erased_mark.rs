//! A failed attempt writes over the mark of those who sleep.

use super::lock::lock;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

lock! {
    /// The holder finds no mark and wakes nobody.
    ErasedMark {
        fn try_lock(&self) -> bool {
            self.word.swap(1, SeqCst) == 0
        }
    }
}
