//! Reads how many writers there are in one step, and writes one less in another.

use super::tube::tube;
use crate::mutant::queue::Buffer;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

tube! {
    /// Two leave as one, and the reader waits for ever.
    TwoStepLeave {
        fn hang_up(&self) {
            let before = self.channel.writers.load(SeqCst);
            self.channel.writers.store(before - 1, SeqCst);
            if before == 1 {
                self.channel.queue.close();
            }
        }
    }
}
