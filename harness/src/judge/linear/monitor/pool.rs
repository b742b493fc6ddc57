//! Puts and takes, matched by value: what the monitors of collections look at.
//!
//! 1. An operation that did not return ends at `NEVER`; a value that was never taken is
//!    taken at `NEVER`, when everything else is over.
//! 2. A put that did not return and whose value nobody took is left out: nothing can need
//!    it.

use super::super::history::{Call, End};
use super::super::part::NEVER;
use super::super::spec::{PoolOp, PoolRet};
use rustc_hash::FxHashMap;

/// When an operation was called and when it returned.
pub(in super::super) type Span = (u64, u64);

/// A value, put once and taken at most once.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Value {
    pub(super) value: i64,
    pub(super) put: Span,
    pub(super) take: Span,
}

/// The operations on a collection.
pub(in super::super) struct Pool {
    pub(super) values: Vec<Value>,
    /// The takes that found nothing.
    pub(super) empty: Vec<Span>,
}

/// Asks `monitor` about the operations, if each value is put once.
pub(in super::super) fn pool(calls: &[&Call<PoolOp, PoolRet>], monitor: fn(Pool) -> bool) -> Option<bool> {
    let mut puts: FxHashMap<i64, (Span, Option<Span>)> = FxHashMap::default();
    puts.reserve(calls.len() / 2);
    let mut takes = Vec::new();
    let mut empty = Vec::new();
    let mut open_takes = false;
    for call in calls {
        let end = match (&call.end, call.op) {
            (End::Returned { at, .. }, _) => *at,
            (_, PoolOp::Put(_)) => NEVER,
            (_, PoolOp::Take) => {
                open_takes = true;
                continue;
            }
        };
        let span = (call.at, end);
        match (call.op, call.ret()) {
            (PoolOp::Put(value), _) => {
                if puts.insert(value, (span, None)).is_some() {
                    return None;
                }
            }
            (PoolOp::Take, Some(PoolRet::Took(Some(value)))) => takes.push((*value, span)),
            (PoolOp::Take, _) => empty.push(span),
        }
    }
    let mut sound = true;
    for (value, span) in takes {
        match puts.get_mut(&value) {
            // Nobody put it, or somebody else has it.
            None | Some((_, Some(_))) => sound = false,
            Some((put, take)) => {
                sound &= put.0 <= span.1;
                *take = Some(span);
            }
        }
    }
    let needed = puts.into_iter().filter(|(_, (put, take))| put.1 != NEVER || take.is_some());
    let values = needed
        .map(|(value, (put, take))| Value { value, put, take: take.unwrap_or((NEVER, NEVER)) })
        .collect();
    let sound = sound && monitor(Pool { values, empty });
    // A take that did not return may have taken something that is missing now; but
    // where all is well without it, it need not have.
    if open_takes && !sound { None } else { Some(sound) }
}
