//! Somebody who walks through every configuration of a history under sequential consistency: how
//! far each client has come, what of the operations that did not return was used, and the state.

use rustc_hash::FxHashSet;
use selvedge_harness::judge::linear::{Call, Model};
use std::collections::BTreeMap;

/// More configurations than this are too many.
const MOST: usize = if cfg!(debug_assertions) { 4_000 } else { 20_000 };

/// Whether an order explains `calls` in which those of each client stand as they were called;
/// `None` if there are too many.
pub(crate) fn walk<M: Model>(model: &M, calls: &[Call<M::Op, M::Ret>]) -> Option<bool> {
    let mut clients: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, call) in calls.iter().enumerate() {
        clients.entry(call.client).or_default().push(number);
    }
    let (mut returned, mut others) = (Vec::new(), Vec::new());
    for (client, mut numbers) in clients.into_values().enumerate() {
        numbers.sort_by_key(|&number| calls[number].at);
        let mut own = Vec::new();
        for number in numbers {
            match calls[number].ret() {
                Some(_) => own.push(number),
                None => others.push((number, client, own.len())),
            }
        }
        returned.push(own);
    }
    let begin = (vec![0; returned.len()], vec![false; others.len()], model.init());
    let mut known = FxHashSet::from_iter([begin.clone()]);
    let mut next = vec![begin];
    while let Some((at, used, state)) = next.pop() {
        if at.iter().zip(&returned).all(|(at, own)| *at == own.len()) {
            return Some(true);
        }
        let mut reach = |configuration: (Vec<usize>, Vec<bool>, M::State)| {
            if known.insert(configuration.clone()) {
                next.push(configuration);
            }
        };
        for (client, own) in returned.iter().enumerate() {
            let Some(&number) = own.get(at[client]) else { continue };
            if let Some(after) = model.step(&state, &calls[number].op, calls[number].ret()) {
                let mut at = at.clone();
                at[client] += 1;
                reach((at, used.clone(), after));
            }
        }
        for (place, &(number, client, after)) in others.iter().enumerate() {
            if used[place] || at[client] < after {
                continue;
            }
            if let Some(then) = model.step(&state, &calls[number].op, None) {
                let mut used = used.clone();
                used[place] = true;
                reach((at.clone(), used, then));
            }
        }
        if known.len() > MOST {
            return None;
        }
    }
    Some(false)
}
