//! Giving the mutex up to wait means that all is in order, whoever was told what.

use super::vigil::vigil;
use crate::mutant::robust_mutex::{Guard, Taken};
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

vigil! {
    /// What nobody repaired is used on.
    UnaskedRepair {
        fn wait<'a>(&'a self, mut guard: Guard<'a>) -> Taken<'a> {
            let (mutex, word) = &self.post;
            guard.mark_consistent();
            let seen = word.load(SeqCst);
            drop(guard);
            sleep(word, seen);
            mutex.lock()
        }
    }
}
