//! Counts an item, and then writes it.

use super::chute::chute;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

chute! {
    /// What is received was not sent yet.
    TailFirst {
        fn put(&self, tail: u32, item: u8) -> bool {
            let moved = self.ring.advance(&self.ring.tail, tail);
            self.ring.place(tail).store(item.into(), SeqCst);
            moved
        }
    }
}
