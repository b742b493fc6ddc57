//! Who was woken takes it as if nobody else slept.

use super::lock::lock;
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

lock! {
    /// A second sleeper is never woken.
    ForgottenSleepers {
        fn lock(&self) {
            while self.word.compare_exchange(0, 1, SeqCst, SeqCst).is_err() {
                if self.word.compare_exchange(1, 2, SeqCst, SeqCst) != Err(0) {
                    sleep(&self.word, 2);
                }
            }
        }
    }
}
