//! Looks for a free cell under the lock, and fills it under the lock once more.

use super::plot::{At, plot};

plot! {
    /// The cell is somebody else's by then.
    RememberedCell {
        fn insert(&self, value: u8) -> Option<At> {
            let cell = {
                let _under = self.enter();
                if self.is_full() {
                    return None;
                }
                self.ground.free()
            };
            let _under = self.enter();
            Some((cell, self.fill(cell, value)))
        }
    }
}
