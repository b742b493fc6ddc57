//! When a search gives up.
//!
//! Asked by the searches at each configuration; looks at the clock only now and then.

use super::judgement::Why;
use super::options::Options;
use std::time::Instant;

/// Questions between two looks at the clock.
const PATIENCE: u32 = 512;

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
        self.asked = (self.asked + 1) % PATIENCE;
        Ok(())
    }

    /// Looks at the clock the next time.
    pub(super) fn impatient(&mut self) {
        self.asked = 0;
    }
}
