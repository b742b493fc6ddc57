//! Looks once, and not again after it was woken.

use super::buffer::{Inside, buffer};

buffer! {
    Fifo:
    /// Somebody else has taken the item meanwhile: a wait for one comes back with none.
    SingleLook {
        fn await_item<'a>(&self, inside: Inside<'a>) -> Inside<'a> {
            if inside.count() == 0 { self.store.wait_for_item(inside) } else { inside }
        }
    }
}
