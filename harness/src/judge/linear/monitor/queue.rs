//! Queues: first in, first out.
//!
//! A history is linearizable iff
//!
//! 1. no value is put after another one and taken before it (a value that is never taken
//!    is taken after all others), and
//! 2. for every take that found nothing, there is a time at which no value is certainly
//!    in the queue.
//!
//! Source: Henzinger, Sezgin and Vafeiadis, CONCUR 2013.

use super::cover::Cover;
use super::pool::Pool;

/// Whether an order explains it.
pub(in super::super) fn queue(pool: Pool) -> bool {
    let Pool { mut values, empty } = pool;
    let mut cover = Cover::default();
    values.iter().for_each(|value| cover.add(value.put.1, value.take.0));
    if empty.iter().any(|take| cover.first_free(take.0) > take.1) {
        return false;
    }
    // For each value, the latest take of all that were put before.
    let mut before = values.clone();
    before.sort_unstable_by_key(|value| value.put.1);
    values.sort_unstable_by_key(|value| value.put.0);
    let mut before = before.into_iter().peekable();
    let mut latest = 0;
    values.into_iter().all(|value| {
        while let Some(other) = before.next_if(|other| other.put.1 < value.put.0) {
            latest = latest.max(other.take.0);
        }
        latest <= value.take.1
    })
}
