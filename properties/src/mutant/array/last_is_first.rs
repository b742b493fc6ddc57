//! Counts one place too few.

use super::row::row;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

row! {
    /// The last number is the first one.
    LastIsFirst {
        fn get(&self, index: usize) -> u32 {
            self.words[index % (self.words.len() - 1)].load(SeqCst)
        }
    }
}
