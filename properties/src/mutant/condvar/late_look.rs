//! Gives the lock up before it remembers how often was notified.

use super::waiting_room::waiting_room;
use crate::mutant::mutex::Lock;
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

waiting_room! {
    /// A notification in between is lost.
    LateLook {
        fn wait(&self) {
            let (lock, word) = &self.room;
            lock.unlock();
            sleep(word, word.load(SeqCst));
            lock.lock();
        }
    }
}
