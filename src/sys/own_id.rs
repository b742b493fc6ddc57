//! The number of the calling process, without asking the kernel each time.
//!
//! Called by [`Native`](crate::platform::Native) and by managers' links, which must know
//! with each call whether they were copied by a fork.
//!
//! 1. A forked child never believes what its parent knew: its thread has another number,
//!    which [`robust::me`] finds out, and until then the child asks the kernel.
//! 2. Who asks for the first few times is told the number only. To find out more, so as to
//!    know it from then on, costs a child that ends soon more than all that it does.
//!
//! When a process dies here, nothing is left behind.

use super::robust;
use std::cell::Cell;

thread_local! {
    /// A thread, and the process that it belongs to.
    static KNOWN: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
    /// How often this was asked of the kernel, and what it said.
    static ASKED: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// The number of the calling process.
#[inline]
#[must_use]
pub(crate) fn process_id() -> u32 {
    match (robust::known(), KNOWN.get()) {
        (Some(me), (thread, process)) if thread == me.id() => process,
        _ => ask(),
    }
}

/// How often the kernel is asked before that is worth to be remembered.
const PATIENCE: u32 = 4;

#[cold]
fn ask() -> u32 {
    let process = super::process::id();
    let times = match ASKED.get() {
        (times, same) if same == process => times + 1,
        _ => 1,
    };
    ASKED.set((times, process));
    if times > PATIENCE {
        KNOWN.set((robust::me().id(), process));
    }
    process
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_and_a_thread_know_their_own() {
        let is_own = || (0..2 * PATIENCE).all(|_| process_id() == std::process::id());
        assert!(is_own());
        let child = crate::sys::process::fork(move || i32::from(!is_own())).unwrap();
        assert!(child.wait(None).unwrap().unwrap().success(), "it believed its parent");
        assert!(std::thread::spawn(is_own).join().unwrap());
    }
}
