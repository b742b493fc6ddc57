//! The number of the calling process, without asking the kernel each time.
//!
//! Called by [`Native`](crate::platform::Native) and by managers' links, which must know
//! with each call whether they were copied by a fork.
//!
//! 1. A forked child never believes what its parent knew: its thread has another number,
//!    which [`robust::me`] finds out.
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
    let me = robust::me().id();
    match KNOWN.get() {
        (thread, process) if thread == me => process,
        _ => ask(me),
    }
}

#[cold]
fn ask(me: u32) -> u32 {
    let process = std::process::id();
    KNOWN.set((me, process));
    process
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_and_a_thread_know_their_own() {
        assert_eq!((process_id(), process_id()), (std::process::id(), std::process::id()));
        let child = crate::sys::process::fork(|| i32::from(process_id() != std::process::id())).unwrap();
        assert!(child.wait(None).unwrap().unwrap().success(), "it believed its parent");
        assert_eq!(std::thread::spawn(process_id).join().unwrap(), process_id());
    }
}
