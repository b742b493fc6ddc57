//! Looks whether it was begun in one step and begins in another.

use super::single::single;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

single! {
    /// Two do it.
    CheckThenBegin {
        fn begin(&self) -> bool {
            let mine = self.word.load(SeqCst) == 0;
            if mine {
                self.word.store(1, SeqCst);
            }
            mine
        }
    }
}
