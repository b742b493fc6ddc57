//! Priority queues: the least value is taken.
//!
//! A history is linearizable iff each take has a time, between its call and its return
//! and not before the call of its put, at which no smaller value (for one that found
//! nothing: none at all) is certainly in the queue.
//!
//! Place the values from the least to the greatest, each taken at its first such time and
//! put as late as possible: when its put returns, or, if that is later, right before it is
//! taken. Then it may be in the queue for longer than it certainly is, but only as long
//! as smaller values certainly are, which keep the greater ones waiting anyway.

use super::cover::Cover;
use super::pool::Pool;

/// Whether an order explains it.
pub(in super::super) fn priority_queue(pool: Pool) -> bool {
    let Pool { mut values, empty } = pool;
    values.sort_unstable_by_key(|value| value.value);
    let mut cover = Cover::default();
    for value in values {
        if cover.first_free(value.take.0.max(value.put.0)) > value.take.1 {
            return false;
        }
        cover.add(value.put.1, value.take.0);
    }
    empty.iter().all(|take| cover.first_free(take.0) <= take.1)
}
