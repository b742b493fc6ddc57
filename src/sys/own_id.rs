//! The number of the calling process, without asking the kernel each time.
//!
//! Called by [`Native`](crate::platform::Native) and by managers' links, which must know
//! with each call whether they were copied by a fork.
//!
//! | the calling thread | its process |
//! |---|---|
//! | has not been introduced to [`robust`] | is asked of the kernel each time |
//! | has been, by a robust lock or [`remember`] | is asked once |
//!
//! 1. A forked child never believes what its parent knew: its thread has another number,
//!    which [`robust::me`] finds out, and until then the child asks the kernel.
//! 2. To ask is not to be introduced: that costs a child that ends soon more than all that it
//!    does.
//!
//! When a process dies here, nothing is left behind.

use super::robust;
use std::cell::Cell;

thread_local! {
    /// A thread, and the process that it belongs to.
    static KNOWN: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// The number of the calling process.
#[inline]
#[must_use]
pub(crate) fn process_id() -> u32 {
    let Some(me) = robust::known() else { return super::process::id() };
    match KNOWN.get() {
        (thread, process) if thread == me.id() => process,
        _ => ask(me.id()),
    }
}

#[cold]
fn ask(me: u32) -> u32 {
    let process = super::process::id();
    KNOWN.set((me, process));
    process
}

/// Has the calling thread know its process from now on.
#[inline]
pub(crate) fn remember() {
    let _ = robust::me();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_and_a_thread_know_their_own() {
        let is_own = || {
            let asked = process_id();
            remember();
            [asked, process_id(), process_id()] == [std::process::id(); 3]
        };
        assert!(is_own());
        let child = crate::sys::process::fork(move || i32::from(!is_own())).unwrap();
        assert!(child.wait(None).unwrap().unwrap().success(), "it believed its parent");
        assert!(std::thread::spawn(is_own).join().unwrap());
    }
}
