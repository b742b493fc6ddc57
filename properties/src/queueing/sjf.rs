//! Shortest job first, to its end: the least mean wait if all come at once, and a long job
//! may never have its turn.
//!
//! With ageing, a job counts as shorter the longer it has waited, so that it has.

use super::simulate::{Discipline, Ready};

/// Shortest job first; of several, the one that has been ready for longest.
#[derive(Clone, Debug, Default)]
pub struct Sjf {
    ready: Vec<Ready>,
    /// After waiting for this long, a job counts as shorter by 1.
    ageing: Option<u64>,
}

impl Sjf {
    /// A job counts as shorter by 1 for each time that it has waited for so long, at least 1.
    #[must_use]
    pub fn with_ageing(time: u64) -> Sjf {
        Sjf { ready: Vec::new(), ageing: Some(time.max(1)) }
    }
}

impl Discipline for Sjf {
    fn admit(&mut self, ready: Ready) {
        self.ready.push(ready);
    }

    fn pick(&mut self, now: u64) -> Option<Ready> {
        let aged = |ready: &Ready| self.ageing.map_or(0, |time| (now - ready.since) / time);
        let key = |place: &usize| {
            let ready = &self.ready[*place];
            // As old as it is long, or older: the oldest first.
            (ready.left.saturating_sub(aged(ready)), ready.since, ready.job)
        };
        let place = (0..self.ready.len()).min_by_key(key)?;
        Some(self.ready.remove(place))
    }
}
