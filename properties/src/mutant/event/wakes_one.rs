//! Setting it wakes one of those who wait.

use super::flag::flag;
use crate::mutant::word::wake;

flag! {
    /// The others sleep on.
    WakesOne {
        fn set(&self) {
            if self.turn(1) {
                wake(&self.word, 1);
            }
        }
    }
}
