//! Takes the lock shared where it should be alone.

use super::page::{Inside, Real, page};

page! {
    /// Two raise the number at a time.
    AloneIsShared {
        fn alone<'a>(&self, lock: &'a mut Real, waits: bool) -> Inside<'a> {
            self.shared(lock, waits)
        }
    }
}
