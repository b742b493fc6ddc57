//! Does not count the values that a cell had.

use super::plot::{At, plot};

plot! {
    /// What named a value that was removed names the next one in its cell.
    SameNumber {
        fn clear(&self, (cell, before): At) {
            self.ground.set_tag(cell, false, before);
            self.ground.set_used(self.ground.used() - 1);
        }
    }
}
