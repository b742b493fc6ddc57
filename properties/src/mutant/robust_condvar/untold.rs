//! Who comes back from a wait is not told that a holder died meanwhile.

use super::vigil::vigil;
use crate::mutant::robust_mutex::{Guard, Taken};
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use selvedge_harness::prelude::LockError;
use std::sync::atomic::Ordering::SeqCst;

vigil! {
    /// A number that may be half written passes for a sound one.
    Untold {
        fn wait<'a>(&'a self, guard: Guard<'a>) -> Taken<'a> {
            let (mutex, word) = &self.post;
            let seen = word.load(SeqCst);
            drop(guard);
            sleep(word, seen);
            match mutex.lock() {
                Err(LockError::OwnerDied(mut guard)) => {
                    guard.mark_consistent();
                    Ok(guard)
                }
                other => other,
            }
        }
    }
}
