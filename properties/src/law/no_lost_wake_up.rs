//! No lost wake-up: of a condition, an event, a futex.
//!
//! A task waits with a time-out. On a virtual clock time passes only when nobody can go on:
//! so whoever times out although it holds what was waited for had not been woken for it.
//!
//! When a task is killed, what it was to wake others for never holds.

use super::Law;

/// The law.
pub const NO_LOST_WAKE_UP: Law =
    Law { name: "no lost wake-up", sentence: "nobody sleeps on while what it waits for holds" };

/// Right after a wait: whether it ended by its time-out, and whether what was waited for
/// holds.
///
/// ```
/// use selvedge_properties::law::nothing_missed;
/// nothing_missed(true, false);  // nobody came
/// nothing_missed(false, true);  // somebody came
/// nothing_missed(false, false); // woken without cause: looks again
/// ```
///
/// # Panics
/// If it timed out and holds.
#[track_caller]
pub fn nothing_missed(timed_out: bool, holds: bool) {
    NO_LOST_WAKE_UP.demand(!(timed_out && holds), || "its time ran out instead".to_owned());
}
