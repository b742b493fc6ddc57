//! Priority queues: the least value is taken.
//!
//! Values are placed from the least to the greatest. Only smaller ones keep a value from
//! being taken, and those are placed. It is taken as early as possible: at the first time
//! from the calls of its put and its take on at which no smaller one is in the queue. It
//! is put as late as possible, so that it is in the queue from the return of its put to
//! that time, or not at all. Whoever would take it later would only have it there longer.
//! At last, a take that found nothing needs a time at which nothing is there.

use super::cover::Cover;
use super::pool::Pool;

/// Whether an order explains it.
pub(in super::super) fn priority_queue(pool: Pool) -> bool {
    let Pool { mut values, empty } = pool;
    values.sort_unstable_by_key(|value| value.value);
    let mut cover = Cover::default();
    for value in values {
        let taken = cover.first_free(value.take.0.max(value.put.0));
        if taken > value.take.1 {
            return false;
        }
        cover.add(value.put.1, taken);
    }
    empty.iter().all(|take| cover.first_free(take.0) <= take.1)
}
