//! Reads although it did not get the lock.

use super::page::{Real, page};

page! {
    /// Whose attempt is refused reads what somebody else is writing.
    ReadsAnyway {
        fn read(&self, lock: &mut Real, waits: bool) -> Option<(u32, u32)> {
            let _inside = self.shared(lock, waits);
            Some(self.numbers.read())
        }
    }
}
