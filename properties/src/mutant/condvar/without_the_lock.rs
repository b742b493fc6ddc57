//! Comes back without having taken the lock again.

use super::waiting_room::waiting_room;
use crate::mutant::mutex::Lock;
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

waiting_room! {
    /// Two are inside.
    WithoutTheLock {
        fn wait(&self) {
            let (lock, word) = &self.room;
            let seen = word.load(SeqCst);
            lock.unlock();
            sleep(word, seen);
            lock.try_lock();
        }
    }
}
