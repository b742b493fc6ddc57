//! Shipped primitives in an exploration: what is done with them the scheduler does not see,
//! so that a search over them would find nothing and say so. It is refused instead.
//!
//! Called by the `Native` platform, where a primitive is made or its caller is about to sleep.
//!
//! | who makes one | what comes of it |
//! |---|---|
//! | a task | the execution ends undecided, and the note names the primitive and the line |
//! | the set-up of an execution | it panics with the same text |
//! | a step's body, and what is `unobserved` | nothing: it is said to be nobody's business |
//! | a task that unwinds from a panic | nothing: the panic is the finding |
//! | code outside any exploration, and `wild` | nothing |
//!
//! 1. A task that comes here does not go on.
//!
//! What is made before an exploration and waits for nobody is not noticed, nor are the locks,
//! channels and atomics of std.
//!
//! When a process dies here, the note holds what was written so far.

use super::checked::Checked;
use super::segment;
use crate::judge::Place;
use crate::kernel::data::current;
use crate::kernel::data::state::{ABANDON, Kernel};
use crate::kernel::data::task::State;
use crate::kernel::step::decide::End;
use crate::kernel::step::point;
use crate::kernel::tasks::{life, panic};
use selvedge::platform::Platform;
use std::cell::Cell;
use std::panic::Location;

thread_local! {
    /// The set-up of an execution does what is `unobserved`.
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs a part of a set-up in which nobody minds shipped primitives.
pub(in crate::kernel) fn silently<R>(body: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            SILENT.set(self.0);
        }
    }
    let _restore = Restore(SILENT.replace(true));
    body()
}

/// Asks to be told of shipped primitives.
pub(in crate::kernel) fn watch() {
    selvedge::platform::tell_of_native(meet);
}

/// Somebody makes, or waits for, a shipped primitive.
#[cold]
fn meet(what: &'static str, site: Option<&'static Location<'static>>) {
    let this = current::get();
    if this.is_null() {
        if !segment::kernel().is_null() && !SILENT.get() && !std::thread::panicking() {
            panic::unwind_with(refusal(what, site), site.unwrap_or(Location::caller()));
        }
        return;
    }
    // SAFETY: a current kernel is alive, and the caller has the turn.
    let kernel = unsafe { &*this };
    if kernel.is_inside() || kernel.is_over() || kernel.flags & ABANDON != 0 || Checked::panicking() {
        return;
    }
    // SAFETY: as above; the caller is its running task.
    unsafe { end_with(this, refusal(what, site)) }
}

fn refusal(what: &str, site: Option<&'static Location<'static>>) -> String {
    let at = site.map_or_else(String::new, |site| format!(" ({})", Place::of(site)));
    // What only waits has no name.
    let (seen, instead) = match what.contains(' ') {
        true => (what.to_owned(), "the same of selvedge_harness::prelude".to_owned()),
        false => (format!("selvedge::{what}"), format!("selvedge_harness::prelude::{what}")),
    };
    format!(
        "the scheduler sees nothing of {seen}{at}: inside an exploration use {instead}, or \
         selvedge_harness::unobserved for what is no part of the program"
    )
}

/// Ends the execution, undecided.
///
/// # Safety
/// `this` is the calling thread's current kernel, and the caller is its running task.
unsafe fn end_with(this: *mut Kernel, why: String) -> ! {
    // SAFETY: the caller's promise; no reference is kept across the switch.
    unsafe {
        let me = (*this).current;
        // It is in its code, also before its first operation, and leaves it by unwinding.
        (*this).task(me as usize).state = State::Live;
        (*this).note.clear();
        (*this).note.message.set(&why);
        drop(why);
        (*this).finish_as(End::Undecided, me);
        point::switch(this, me as usize);
        // A task that unwinds is not made to leave its code by another panic.
        life::vanish(this, me as usize)
    }
}
