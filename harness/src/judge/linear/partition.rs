//! A history by the parts of its object.
//!
//! Called by `judge`. Linearizability is local: a history is linearizable iff what was
//! done to each object is, and parts that do not influence each other are objects
//! (Herlihy and Wing, TOPLAS 1990).

use super::history::Call;
use super::model::Model;
use rustc_hash::FxHashMap;

/// The numbers of the operations on each part, with its name, in the order in which the
/// history comes to them.
pub(super) fn split<M: Model>(model: &M, calls: &[Call<M::Op, M::Ret>]) -> Vec<(Option<String>, Vec<usize>)> {
    let mut places: FxHashMap<Option<String>, usize> = FxHashMap::default();
    let mut parts: Vec<(Option<String>, Vec<usize>)> = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let name = model.partition(&call.op);
        let place = *places.entry(name).or_insert_with_key(|name| {
            parts.push((name.clone(), Vec::new()));
            parts.len() - 1
        });
        parts[place].1.push(number);
    }
    parts
}

/// The number of the part of each operation.
pub(super) fn numbered<M: Model>(model: &M, calls: &[Call<M::Op, M::Ret>]) -> Vec<usize> {
    let mut parts = vec![0; calls.len()];
    for (part, (_, numbers)) in split(model, calls).into_iter().enumerate() {
        numbers.into_iter().for_each(|number| parts[number] = part);
    }
    parts
}
