//! Looks who waits before it gives the permit.

use super::permits::permits;
use crate::mutant::word::wake;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

permits! {
    /// Who falls asleep in between is not woken.
    EarlyLook {
        fn release(&self, count: u32, limit: u32) -> bool {
            let (free, waiting) = &self.words;
            let somebody_waits = waiting.load(SeqCst) > 0;
            let mut seen = free.load(SeqCst);
            while seen + count <= limit {
                match free.compare_exchange(seen, seen + count, SeqCst, SeqCst) {
                    Ok(_) => {
                        if somebody_waits {
                            wake(free, count);
                        }
                        return true;
                    }
                    Err(now) => seen = now,
                }
            }
            false
        }
    }
}
