//! Compares with the limit by one too much.

use super::permits::permits;
use crate::mutant::word::wake;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

permits! {
    /// One permit more than its limit can be free.
    OneTooMany {
        fn release(&self, count: u32, limit: u32) -> bool {
            let (free, waiting) = &self.words;
            let mut seen = free.load(SeqCst);
            while seen + count <= limit + 1 {
                match free.compare_exchange(seen, seen + count, SeqCst, SeqCst) {
                    Ok(_) => {
                        if waiting.load(SeqCst) > 0 {
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
