//! Compares in one step and writes in another.

use super::number::number;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

number! {
    /// It is another one by then.
    CheckThenWrite {
        fn exchange(&self, current: u32, new: u32) -> Result<u32, u32> {
            let before = self.word.load(SeqCst);
            if before != current {
                return Err(before);
            }
            self.word.store(new, SeqCst);
            Ok(before)
        }
    }
}
