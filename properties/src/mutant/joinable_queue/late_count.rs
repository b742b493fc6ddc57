//! Counts work after it was put.

use super::work::work;
use crate::mutant::queue::Buffer;
use crate::spec::QueueRet;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

work! {
    /// A join in between finds nothing to wait for, although there is work.
    LateCount {
        fn put(&self, item: u8) -> QueueRet {
            let ret = self.pile.queue.put(item, true);
            self.pile.unfinished.fetch_add(1, SeqCst);
            ret
        }
    }
}
