//! Names for processes that were given none: `Process-1`, `Process-2` and so on.
//!
//! Called by [`Process::new`](super::Process::new).
//!
//! | who asks | numbers come from |
//! |---|---|
//! | any thread | one count for each parent process |
//! | a thread that restarted the numbering | its own count |
//!
//! 1. The count belongs to the process that is stored beside it: a forked child begins
//!    at 1 again, because it finds its parent's number there.
//!
//! Orderings: relaxed. A name says nothing about other memory.
//!
//! When a process dies, its count dies with it.

use crate::platform::Tasks;
use std::cell::Cell;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Process number in the upper half, names given out by it in the lower half.
static GIVEN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static OWN: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Lets the calling thread count from 1 again, and by itself from now on: for a harness
/// that runs a program many times in one process and wants the same names each time.
#[doc(hidden)]
pub fn restart_numbering() {
    OWN.set(Some(0));
}

/// The next name in the calling process.
pub(super) fn next<P: Tasks>() -> String {
    let number = match OWN.get() {
        Some(given) => {
            OWN.set(Some(given + 1));
            given + 1
        }
        None => next_of_process(P::process_id()),
    };
    format!("Process-{number}")
}

fn next_of_process(process: u32) -> u32 {
    let after = |given: u64| {
        let own = given >> 32 == u64::from(process);
        if own { given + 1 } else { u64::from(process) << 32 | 1 }
    };
    let mut given = GIVEN.load(Relaxed);
    loop {
        match GIVEN.compare_exchange_weak(given, after(given), Relaxed, Relaxed) {
            Ok(_) => return u32::try_from(after(given) & u64::from(u32::MAX)).expect("masked"),
            Err(now) => given = now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;

    #[test]
    fn a_thread_that_restarts_counts_from_one() {
        restart_numbering();
        assert_eq!((next::<Native>(), next::<Native>()), ("Process-1".to_owned(), "Process-2".to_owned()));
        restart_numbering();
        assert_eq!(next::<Native>(), "Process-1");
    }
}
