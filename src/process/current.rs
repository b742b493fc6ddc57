//! The calling process: its number, and its end.
//!
//! Called by programs, in a child mostly.
//!
//! When a process ends here, it runs none of its destructors: locks that it holds stay
//! taken, as after a kill.

use crate::platform::Tasks;
use std::io::{self, Write};

/// The number of the calling process: its pid, or a logical number under a scheduler.
#[doc(alias = "getpid")]
#[must_use]
pub fn id<P: Tasks>() -> u32 {
    P::process_id()
}

/// Ends the calling process with `code` (its low eight bits), after flushing standard
/// output and without running anything else.
#[doc(alias = "_exit")]
pub fn exit<P: Tasks>(code: i32) -> ! {
    // What cannot be written is lost either way.
    let _ = io::stdout().flush();
    P::exit(code)
}
