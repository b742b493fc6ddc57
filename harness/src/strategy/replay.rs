//! `replay`: one recorded schedule, once, with a full record.
//!
//! A schedule that does not fit the program ends as diverged, with the step; after
//! its last choice the run goes on without preemption.

use super::Search;
use crate::kernel::{Choice, Kernel, Plan};

pub(crate) struct Replay {
    schedule: Vec<Choice>,
    done: bool,
}

impl Replay {
    pub(crate) fn new(schedule: Vec<Choice>) -> Replay {
        Replay { schedule, done: false }
    }
}

impl Search for Replay {
    fn plan(&mut self, _: u64, kernel: &mut Kernel) -> bool {
        if std::mem::replace(&mut self.done, true) {
            return false;
        }
        kernel.plan = Plan { record: true, ..Plan::STAY };
        kernel.set_prefix(&self.schedule);
        true
    }

    fn complete(&self) -> bool {
        self.done
    }
}
