//! Takes the lock from a dead one as if it had counted everything.

use super::plot::plot;

plot! {
    /// There is a value more, or less, than the number says.
    Uncounted {
        fn take_over(&self) {}
    }
}
