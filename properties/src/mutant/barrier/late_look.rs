//! Looks which generation it is after it has given the lock back.

use super::meeting::meeting;
use crate::mutant::mutex::Lock;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

meeting! {
    /// All were there before it looked, and it waits for the next time.
    LateLook {
        fn enter(&self, parties: u32) -> (u32, u32) {
            self.place.lock.lock();
            let index = self.arrive();
            let last = index + 1 == parties;
            if last {
                self.release();
            }
            self.place.lock.unlock();
            let seen = self.place.generation.load(SeqCst);
            (index, if last { seen.wrapping_sub(1) } else { seen })
        }
    }
}
