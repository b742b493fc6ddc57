//! Wakes one, and looks after nothing if that one dies.

use super::vigil::vigil;
use crate::mutant::word::{change_and_wake, wake};

vigil! {
    /// What a plain condition variable may do: the notification dies with who was woken.
    LostWithTheDead {
        fn notify(&self, count: u32) {
            let word = &self.post.1;
            if count > 1 || wake(word, 1) == 0 {
                change_and_wake(word);
            }
        }
    }
}
