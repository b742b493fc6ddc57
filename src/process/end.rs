//! The end of the main process: its daemons are ended and its other children waited for.
//!
//! Arranged by the first [`start`](super::Process::start). Children see to it themselves
//! when their body has returned; a main process has no body of ours, only the list of
//! what `exit(3)` is to call.
//!
//! When the main process is killed, or leaves by `_exit`, nothing of this happens.

use super::family;
use crate::platform::Tasks;
use crate::sys;
use std::sync::Once;

static ARRANGED: Once = Once::new();

/// Makes sure that the end of the main process will be seen to. In an exploration there is
/// nothing to do: the end of its main task is seen to, and never comes to `exit(3)`.
pub(crate) fn arrange<P: Tasks>() {
    if !P::executes() {
        return;
    }
    // A refusal leaves the children to themselves, as after a kill.
    ARRANGED.call_once(|| drop(sys::process::at_exit(leave)));
}

fn leave() {
    family::of_program().leave(false);
}
