//! A last look before the program ends.
//!
//! Called where something is an error only if nothing else comes: `SELVEDGE_REPLAY` in a
//! program that may explore more than it has so far.
//!
//! 1. Only the process that asked for it looks, not one that it forked.
//! 2. A code other than 0 stays: something worse has happened already.
//!
//! When a process dies here, nothing is looked at.
//!
//! Source: on_exit(3).

use nix::libc;
use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

/// Says what is wrong, if something is; the code to end with then.
type Look = fn() -> Option<i32>;

/// The process that looks, and how.
static LOOK: OnceLock<(u32, Look)> = OnceLock::new();

unsafe extern "C" {
    fn on_exit(handler: extern "C" fn(libc::c_int, *mut c_void), argument: *mut c_void) -> libc::c_int;
}

/// Looks when the program ends; only the first to ask for that is heard.
pub(crate) fn look_at_the_end(look: Look) {
    if LOOK.set((std::process::id(), look)).is_ok() {
        // SAFETY: the function is valid for the life of the program.
        unsafe { on_exit(ends, ptr::null_mut()) };
    }
}

extern "C" fn ends(code: libc::c_int, _: *mut c_void) {
    if let Some((process, look)) = LOOK.get()
        && *process == std::process::id()
        && let Some(worse) = look()
        && code == 0
    {
        selvedge::sys::process::exit_now(worse);
    }
}
