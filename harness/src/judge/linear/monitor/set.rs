//! Sets to which each number is added once and from which it is removed once.
//!
//! Numbers do not influence each other. Let one be in the set from time a to time r. Whoever found it there must have returned
//! after a and been called before r; whoever did not, been called before a or returned
//! after r. So a is best as late as possible and r as early as possible: then only those
//! who did not find it are left to ask. If a can be after r, it is in the set for no time at
//! all, and everybody may have missed it.

use super::super::history::{Call, End};
use super::super::part::NEVER;
use super::super::spec::SetOp;

/// When an operation was called and when it returned.
type Span = (u64, u64);

/// Whether an order explains the operations on each number; `None` if one may have been
/// added or removed twice.
pub(in super::super) fn set(calls: &[&Call<SetOp, bool>]) -> Option<bool> {
    let mut calls = calls.to_vec();
    calls.sort_unstable_by_key(|call| call.op.value());
    let mut numbers = calls.chunk_by(|a, b| a.op.value() == b.op.value());
    numbers.try_fold(true, |sound, calls| Some(number(calls)? && sound))
}

fn number(calls: &[&Call<SetOp, bool>]) -> Option<bool> {
    let (mut adds, mut removes) = (Vec::new(), Vec::new());
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    for call in calls {
        let end = match call.end {
            End::Returned { at, .. } => at,
            End::Killed { .. } | End::Open => NEVER,
        };
        let span = (call.at, end);
        match (call.op, call.ret()) {
            (SetOp::Add(_), Some(true) | None) => adds.push(span),
            (SetOp::Remove(_), Some(true) | None) => removes.push(span),
            (SetOp::Add(_), Some(false)) | (SetOp::Contains(_), Some(true)) => found.push(span),
            (SetOp::Remove(_), Some(false)) | (SetOp::Contains(_), Some(false)) => missed.push(span),
            (SetOp::Contains(_), None) => {}
        }
    }
    if adds.len() > 1 || removes.len() > 1 {
        return None;
    }
    let add = adds.pop();
    // A removal that did not return may have happened or not.
    let certain = removes.iter().copied().find(|remove| remove.1 != NEVER);
    let holds = |remove: Option<Span>| fits(add, remove, &found, &missed);
    let mut holds_either = holds(certain);
    if certain.is_none() && add.is_some() {
        holds_either |= removes.first().is_some_and(|remove| holds(Some(*remove)));
    }
    Some(holds_either)
}

fn fits(add: Option<Span>, remove: Option<Span>, found: &[Span], missed: &[Span]) -> bool {
    let needed = remove.is_some() || !found.is_empty();
    let Some(add) = add.filter(|add| needed || add.1 != NEVER) else { return !needed };
    let returns = found.iter().map(|span| span.1).chain([add.1]).chain(remove.map(|remove| remove.1));
    let calls = found.iter().map(|span| span.0).chain([add.0]);
    // The latest time at which it can be added, the earliest at which it can be removed.
    let added = returns.min().unwrap_or(NEVER);
    let removed = remove.map_or(NEVER, |remove| calls.chain([remove.0]).max().unwrap_or(NEVER));
    let possible = add.0 <= added && remove.is_none_or(|remove| removed <= remove.1);
    possible && missed.iter().all(|span| span.0 <= added || span.1 >= removed)
}
