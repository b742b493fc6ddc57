//! Reads without the lock.

use super::shelf::shelf;

shelf! {
    /// The kind of the old item with the value of the new one.
    UnlockedRead {
        fn get(&self, index: usize) -> (u32, u32) {
            self.boards.read(index)
        }
    }
}
