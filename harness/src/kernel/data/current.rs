//! Which kernel the running code belongs to: one thread-local pointer.
//!
//! Null outside an exploration, where the checked platform behaves as the native
//! one. Set by an engine around the code of tasks, never around a program's
//! set-up and `finally`, which run unscheduled.

use crate::kernel::Kernel;
use std::cell::Cell;
use std::ptr;

thread_local! {
    static CURRENT: Cell<*mut Kernel> = const { Cell::new(ptr::null_mut()) };
}

/// The kernel that schedules the running code, or null.
#[inline(always)]
pub(crate) fn get() -> *mut Kernel {
    CURRENT.get()
}

/// Sets the kernel of this thread and returns the one before.
#[inline]
pub(crate) fn set(kernel: *mut Kernel) -> *mut Kernel {
    CURRENT.replace(kernel)
}
