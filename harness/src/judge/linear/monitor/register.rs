//! Registers: a read returns what was written last.
//!
//! A value with its write and its reads is a cluster, which in an explanation stands in
//! one piece, the write first. Of two clusters, one can stand before the other iff no
//! operation of the other returned before one of its own was called; and there is an order
//! of all iff there is one of every two. So, with f the first return and s the last call
//! in a cluster: no two with f < s overlap, and none with s <= f lies within one of those.
//!
//! Source: Gibbons and Korach, SIAM Journal on Computing 1997.

use super::super::history::{Call, End};
use super::super::part::NEVER;
use super::super::spec::{RegisterOp, RegisterRet};
use rustc_hash::FxHashMap;

/// The operations on a value: its write, the first return, the last call.
struct Cluster {
    write: Option<u64>,
    first_return: u64,
    last_call: u64,
    seen: bool,
}

/// Whether an order explains reads and writes; `None` if a value is written twice, or
/// there is something else than reads and writes.
pub(in super::super) fn register(calls: &[&Call<RegisterOp, RegisterRet>]) -> Option<bool> {
    let fresh = || Cluster { write: None, first_return: NEVER, last_call: 0, seen: false };
    let mut clusters: FxHashMap<Option<i64>, Cluster> = FxHashMap::default();
    // What is there at first was written before everything else.
    clusters.insert(None, Cluster { write: Some(0), first_return: 0, ..fresh() });
    let mut first_read: FxHashMap<Option<i64>, u64> = FxHashMap::default();
    for call in calls {
        // Everything is later by one, so that nothing is as early as the beginning.
        let at = call.at.saturating_add(1);
        let end = match call.end {
            End::Returned { at, .. } => at.saturating_add(1),
            End::Killed { .. } | End::Open => NEVER,
        };
        let value = match (call.op, call.ret()) {
            (RegisterOp::Write(value), _) => {
                let write = &mut clusters.entry(Some(value)).or_insert_with(fresh).write;
                if write.replace(at).is_some() {
                    return None;
                }
                Some(value)
            }
            (RegisterOp::Read, Some(RegisterRet::Value(value))) => {
                let first = first_read.entry(*value).or_insert(NEVER);
                *first = end.min(*first);
                *value
            }
            (RegisterOp::Read, None) => continue,
            (RegisterOp::Read, Some(_)) | (RegisterOp::Cas(..), _) => return None,
        };
        let cluster = clusters.entry(value).or_insert_with(fresh);
        cluster.first_return = cluster.first_return.min(end);
        cluster.last_call = cluster.last_call.max(at);
        // What neither returned nor was read need not have happened.
        cluster.seen |= end != NEVER;
    }
    let written = |(value, end): (&Option<i64>, &u64)| {
        clusters.get(value).is_some_and(|cluster| cluster.write.is_some_and(|write| write <= *end))
    };
    if !first_read.iter().all(written) {
        return Some(false);
    }
    let seen = clusters.into_values().filter(|cluster| cluster.seen);
    let (mut wide, narrow): (Vec<Cluster>, Vec<Cluster>) =
        seen.partition(|cluster| cluster.first_return < cluster.last_call);
    wide.sort_unstable_by_key(|cluster| cluster.first_return);
    let apart = wide.windows(2).all(|pair| pair[1].first_return >= pair[0].last_call);
    let within = |cluster: &Cluster| {
        let after = wide.partition_point(|wide| wide.first_return < cluster.last_call);
        after > 0 && cluster.first_return < wide[after - 1].last_call
    };
    Some(apart && !narrow.iter().any(within))
}
