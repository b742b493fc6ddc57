//! Gives the lock back before it writes.

use super::page::{Real, page};

page! {
    /// What it writes is out of date.
    EarlyUnlock {
        fn raise(&self, lock: &mut Real, waits: bool) -> Option<u32> {
            let inside = self.alone(lock, waits)?;
            let number = self.numbers.read().0;
            drop(inside);
            self.numbers.write(number + 1);
            Some(number)
        }
    }
}
