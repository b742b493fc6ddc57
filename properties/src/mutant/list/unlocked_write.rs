//! Writes without the lock.

use super::shelf::shelf;

shelf! {
    /// Of two that write, one's kind stays with the other's value.
    UnlockedWrite {
        fn set(&self, index: usize, kind: u32, value: u32) {
            self.boards.write_kind(index, kind);
            self.boards.write_value(index, value);
        }
    }
}
