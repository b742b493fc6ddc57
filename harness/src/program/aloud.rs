//! Lines on standard error that are heard.
//!
//! Called by what has something to say of a test that passes: the macros of std write to what
//! the test harness keeps to itself then, and nobody would hear of a variable that does not
//! exist, a schedule that is stale, a program that asks a clock.

use std::fmt::Display;
use std::io::{self, Write};

/// Says a line.
pub(super) fn aloud(text: impl Display) {
    // In one piece, for the test harness writes beside it; nobody is left to tell if this fails.
    let _ = io::stderr().write_all(format!("selvedge: {text}\n").as_bytes());
}
