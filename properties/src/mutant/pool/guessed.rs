//! Answers without running the task.

use crate::program::Crew;

/// Nothing is run.
#[derive(Debug)]
pub struct Guessed;

impl Crew for Guessed {
    fn run(number: u8) -> u8 {
        number + 1
    }
}
