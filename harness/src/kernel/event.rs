//! What happened at one step, as the running task writes it down.
//!
//! Written only while a plan asks for a record: a finding is run again from its
//! schedule to get its events, so searching does not pay for them.

use super::choice::Choice;
use selvedge::platform::Kind;
use std::panic::Location;

/// One step of a recorded execution.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Event {
    pub(crate) choice: Choice,
    pub(crate) kind: Kind,
    /// The value has been written: the operation came to its end.
    pub(crate) done: bool,
    /// Address space of the objects.
    pub(crate) space: u32,
    pub(crate) name: &'static str,
    pub(crate) object: usize,
    pub(crate) also: usize,
    pub(crate) site: &'static Location<'static>,
    pub(crate) value: u64,
}
