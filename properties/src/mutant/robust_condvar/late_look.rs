//! Gives the mutex up before it remembers how often was notified.

use super::vigil::vigil;
use crate::mutant::robust_mutex::{Guard, Taken};
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

vigil! {
    /// A notification in between is lost.
    LateLook {
        fn wait<'a>(&'a self, guard: Guard<'a>) -> Taken<'a> {
            let (mutex, word) = &self.post;
            drop(guard);
            sleep(word, word.load(SeqCst));
            mutex.lock()
        }
    }
}
