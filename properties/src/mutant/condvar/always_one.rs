//! Wakes one, however many should be.

use super::waiting_room::waiting_room;
use crate::mutant::word::wake;
use selvedge::platform::Atomic;
use std::sync::atomic::Ordering::SeqCst;

waiting_room! {
    /// `notify_all` leaves the others asleep.
    AlwaysOne {
        fn notify(&self, _: u32) {
            self.room.1.fetch_add(1, SeqCst);
            wake(&self.room.1, 1);
        }
    }
}
