//! Has each task run twice, and forgets one result.

use crate::program::Crew;
use selvedge::pool::{PoolError, ThreadResult};
use selvedge_harness::Checked;
use selvedge_harness::prelude::ThreadPool;

/// What was to be done once is done twice.
#[derive(Debug)]
pub struct RunsTwice;

impl Crew for RunsTwice {
    fn submit(pool: &ThreadPool, number: u8) -> Result<ThreadResult<u8, Checked>, PoolError> {
        drop(pool.apply_async(Self::run, number)?);
        pool.apply_async(Self::run, number)
    }
}
