//! Has one permit more than it should.

use super::seats::seats;

seats! {
    /// One more than it says is inside.
    OneTooMany {
        fn permits(permits: u32) -> u32 {
            permits + 1
        }
    }
}
