//! Receives nothing any more once it is closed.

use super::chute::chute;

chute! {
    /// What was on its way is lost.
    LostRest {
        fn is_over(&self, _: u32, tail: u32) -> bool {
            tail & 1 == 1
        }
    }
}
