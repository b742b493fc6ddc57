//! Looks what the number is before it has the lock.

use super::page::{Real, page};

page! {
    /// Somebody may have raised it by the time that it has.
    EarlyLook {
        fn raise(&self, lock: &mut Real, waits: bool) -> Option<u32> {
            let number = self.numbers.read().0;
            let _inside = self.alone(lock, waits)?;
            self.numbers.write(number + 1);
            Some(number)
        }
    }
}
