//! Writes a number by writing all of them.

use super::row::row;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

row! {
    /// What another one writes beside it is lost.
    WholeCopy {
        fn set(&self, index: usize, value: u32) {
            let mut copy: Vec<u32> = (0..self.words.len()).map(|index| self.get(index)).collect();
            copy[index] = value;
            self.words.iter().zip(copy).for_each(|(word, value)| word.store(value, SeqCst));
        }
    }
}
