//! Waits until the queue is empty.

use super::work::work;
use crate::mutant::queue::Buffer;
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

work! {
    /// Somebody is still at work.
    EmptyIsDone {
        fn join(&self) {
            loop {
                let seen = self.pile.unfinished.load(SeqCst);
                if self.pile.queue.store().enter().count() == 0 {
                    return;
                }
                sleep(&self.pile.unfinished, seen);
            }
        }
    }
}
