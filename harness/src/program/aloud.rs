//! Lines on standard error that are heard.
//!
//! Called by the command, and by what has something to say of a test that passes: the macros of std write to what
//! the test harness keeps to itself then, and nobody would hear of a variable that does not
//! exist, a schedule that is stale, a program that asks a clock.

use std::fmt::Display;
use std::io::{self, Write};

/// Says a line.
pub(crate) fn aloud(text: impl Display) {
    // A name or a kept line may have characters in it that a terminal obeys.
    let text: String = text.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // In one piece, for the test harness writes beside it; nobody is left to tell if this fails.
    let _ = io::stderr().write_all(format!("selvedge: {text}\n").as_bytes());
}
