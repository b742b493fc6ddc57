//! Waits until the count is 0 again, instead of for the next generation.

use super::meeting::meeting;
use crate::mutant::word::sleep;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

meeting! {
    /// Who is slow finds those who came for the next time, and waits with them.
    NoGenerations {
        fn wait(&self, parties: u32) -> u32 {
            let (index, _) = self.enter(parties);
            loop {
                let seen = self.place.generation.load(SeqCst);
                if self.place.here.load(SeqCst) == 0 {
                    return index;
                }
                sleep(&self.place.generation, seen);
            }
        }
    }
}
