//! Gives it back without waking anybody.

use super::nested::nested;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

nested! {
    /// Who waits sleeps on.
    SilentRelease {
        fn release(&self) {
            self.parts.holder.store(0, SeqCst);
        }
    }
}
