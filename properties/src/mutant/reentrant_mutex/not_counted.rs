//! Taking it again is not counted.

use super::nested::nested;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

nested! {
    /// The inner `unlock` gives it back, and the outer one never does.
    NotCounted {
        fn deepen(&self, me: u32) -> bool {
            self.parts.holder.load(SeqCst) == me
        }
    }
}
