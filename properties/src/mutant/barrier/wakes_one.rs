//! The last one wakes one of those who wait.

use super::meeting::meeting;
use crate::mutant::word::wake;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

meeting! {
    /// The others sleep on.
    WakesOne {
        fn release(&self) {
            self.place.here.store(0, SeqCst);
            self.place.generation.fetch_add(1, SeqCst);
            wake(&self.place.generation, 1);
        }
    }
}
