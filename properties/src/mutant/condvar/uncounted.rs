//! Notifies without changing the word.

use super::waiting_room::waiting_room;
use crate::mutant::word::wake;

waiting_room! {
    /// Who has given the lock up and does not sleep yet, falls asleep after it.
    Uncounted {
        fn notify(&self, count: u32) {
            wake(&self.room.1, count);
        }
    }
}
