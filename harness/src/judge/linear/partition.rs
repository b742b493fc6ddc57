//! A history by the parts of its object.
//!
//! Called by `judge`. Linearizability is local: a history is linearizable iff what was
//! done to each object is, and parts that do not influence each other are objects
//! (Herlihy and Wing, TOPLAS 1990).

use super::history::Call;
use super::model::Model;
use std::collections::BTreeMap;

/// The numbers of the operations on each part, by its name.
pub(super) fn split<M: Model>(
    model: &M,
    calls: &[Call<M::Op, M::Ret>],
) -> BTreeMap<Option<String>, Vec<usize>> {
    let mut parts: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (number, call) in calls.iter().enumerate() {
        parts.entry(model.partition(&call.op)).or_default().push(number);
    }
    parts
}

/// The number of the part of each operation.
pub(super) fn numbered<M: Model>(model: &M, calls: &[Call<M::Op, M::Ret>]) -> Vec<usize> {
    let mut parts = vec![0; calls.len()];
    for (part, numbers) in split(model, calls).into_values().enumerate() {
        numbers.into_iter().for_each(|number| parts[number] = part);
    }
    parts
}
