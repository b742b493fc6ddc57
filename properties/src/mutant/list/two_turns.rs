//! Takes the lock for the kind, and once more for the value.

use super::shelf::shelf;
use crate::mutant::mutex::Lock;

shelf! {
    /// Somebody reads in between.
    TwoTurns {
        fn set(&self, index: usize, kind: u32, value: u32) {
            self.boards.lock.lock();
            self.boards.write_kind(index, kind);
            self.boards.lock.unlock();
            self.boards.lock.lock();
            self.boards.write_value(index, value);
            self.boards.lock.unlock();
        }
    }
}
