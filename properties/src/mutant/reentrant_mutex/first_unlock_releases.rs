//! The first `unlock` gives it back, however often it was taken.

use super::nested::nested;

nested! {
    /// Another one takes it while its holder still has it once.
    FirstUnlockReleases {
        fn unlock(&self) {
            self.release();
        }
    }
}
