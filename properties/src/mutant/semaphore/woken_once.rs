//! Wakes one, however many permits it gives.

use super::permits::permits;
use crate::mutant::word::wake;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

permits! {
    /// Of two who wait for two permits, one is woken.
    WokenOnce {
        fn release(&self, count: u32, limit: u32) -> bool {
            let (free, _) = &self.words;
            let mut seen = free.load(SeqCst);
            while seen + count <= limit {
                match free.compare_exchange(seen, seen + count, SeqCst, SeqCst) {
                    Ok(_) => {
                        wake(free, 1);
                        return true;
                    }
                    Err(now) => seen = now,
                }
            }
            false
        }
    }
}
