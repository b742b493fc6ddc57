//! Compares with the capacity by one too much.

use super::plot::plot;

plot! {
    /// Holds one value more than it says.
    OneTooMany {
        fn is_full(&self) -> bool {
            self.ground.used() > self.ground.capacity()
        }
    }
}
