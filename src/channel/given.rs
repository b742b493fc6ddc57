//! What a parent drops because its child has it now.
//!
//! Called by the start of a process, which drops the closure that the child runs, and by the
//! ends of channels: such a drop is no end of use.
//!
//! When a process dies here, nothing is left.

use std::cell::Cell;

thread_local! {
    static GIVING: Cell<bool> = const { Cell::new(false) };
}

/// Sets the mark back, also after a panic.
struct Before(bool);

impl Drop for Before {
    #[inline]
    fn drop(&mut self) {
        GIVING.set(self.0);
    }
}

/// Runs `drop`, in which whatever is dropped lives on in another process.
#[inline]
pub(crate) fn giving<R>(drop: impl FnOnce() -> R) -> R {
    let _before = Before(GIVING.replace(true));
    drop()
}

/// Whether what the calling thread drops now lives on elsewhere.
pub(super) fn is_giving() -> bool {
    GIVING.get()
}
