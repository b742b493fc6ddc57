//! When a search gives up.
//!
//! Asked by the searches at each configuration; looks at the clock only now and then.

use super::judgement::Why;
use super::options::Options;
use crate::engine::Moment;
use std::time::{Duration, Instant};

/// Questions between two looks at the clock. A question may come after milliseconds: few
/// enough not to be late, enough not to notice what a look costs.
const PATIENCE: u32 = 8;

/// How long one may look for what is only good to know.
const BRIEF: Duration = Duration::from_secs(2);

/// What a search may still use.
pub(super) struct Limit {
    until: Option<Instant>,
    bytes: usize,
    asked: u32,
}

impl Limit {
    pub(super) fn new(options: &Options) -> Limit {
        let until = options.time.and_then(|time| Instant::now().checked_add(time));
        Limit { until, bytes: options.memory, asked: 0 }
    }

    /// Whether a search that has `bytes` in use must give up.
    pub(super) fn check(&mut self, bytes: usize) -> Result<(), Why> {
        if bytes > self.bytes {
            return Err(Why::Memory);
        }
        if self.asked == 0 && self.until.is_some_and(|until| Instant::now() >= until) {
            return Err(Why::Time);
        }
        if self.asked == 0 {
            // It has a limit of its own.
            Moment::goes_on();
        }
        self.asked = (self.asked + 1) % PATIENCE;
        Ok(())
    }

    /// One for something that is only good to know.
    pub(super) fn brief(&self) -> Limit {
        let soon = Instant::now() + BRIEF;
        Limit { until: Some(self.until.map_or(soon, |until| until.min(soon))), bytes: self.bytes, asked: 0 }
    }

    /// Looks at the clock the next time.
    pub(super) fn impatient(&mut self) {
        self.asked = 0;
    }
}
