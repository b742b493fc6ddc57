//! Wakes those who wait, and then sets it.

use super::flag::flag;
use crate::mutant::word::wake;

flag! {
    /// Who falls asleep in between is not woken, and who was woken finds it unset.
    EarlyWake {
        fn set(&self) {
            wake(&self.word, u32::MAX);
            self.turn(1);
        }
    }
}
