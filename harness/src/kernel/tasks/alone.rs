//! Executions in fibers that use descriptors, and forks of this process, one at a time.
//!
//! Called by `sim` around an execution of a program that uses descriptors, and by whoever
//! forks a copy of this process. The threads of a test binary explore side by side: a
//! process that one of them forks has copies of the pipes of the others, and as long as it
//! has them, a pipe whose writers are gone does not end.
//!
//! 1. A thread that holds this may ask for it again.
//! 2. Nobody waits for it with a lock in hand that an execution may want.
//!
//! When a process is forked by the holder, its copy of the holder's thread holds it, too.
//! Processes that others fork, such as commands, are nobody's business here.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

static ALONE: Mutex<()> = Mutex::new(());

thread_local! {
    static HELD: Cell<bool> = const { Cell::new(false) };
}

/// As long as it lives, no other thread runs such an execution, and none forks.
pub(crate) struct Alone(Option<MutexGuard<'static, ()>>);

impl Alone {
    pub(crate) fn new() -> Alone {
        if HELD.replace(true) {
            return Alone(None);
        }
        Alone(Some(ALONE.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if self.0.is_some() {
            HELD.set(false);
        }
    }
}
