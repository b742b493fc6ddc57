//! Histories of a simulated service: clients call, the service does what was called at
//! some later moment, and at some later moment it answers. What was called by a client that did
//! not wait for the answer may be done long after, unless the client was killed.

use selvedge_harness::Rng;
use selvedge_harness::judge::linear::{Call, End, Model};

/// What a simulation is like.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) operations: usize,
    pub(crate) clients: usize,
    /// Of a hundred operations, so many never return.
    pub(crate) open: u32,
    /// Of a hundred operations, the clients of so many are killed.
    pub(crate) killed: u32,
}

/// A history that a sound service gives: `draw` says what is called next, `answer` what
/// comes back in a state, if it does not have to wait there.
pub(crate) fn simulate<M: Model>(
    model: &M,
    rng: &mut Rng,
    shape: Shape,
    mut draw: impl FnMut(&mut Rng) -> M::Op,
    answer: impl Fn(&M::State, &M::Op) -> Option<M::Ret>,
) -> Vec<Call<M::Op, M::Ret>> {
    let mut state = model.init();
    let mut calls: Vec<Call<M::Op, M::Ret>> = Vec::new();
    // What each client waits for: the operation, and its answer once it was done.
    let mut waiting: Vec<Option<(usize, Option<M::Ret>)>> = (0..shape.clients).map(|_| None).collect();
    let mut names: Vec<usize> = (0..shape.clients).collect();
    // What nobody waits for any more, and was not done.
    let mut left: Vec<usize> = Vec::new();
    let mut now = 0_u64;
    while calls.len() < shape.operations || waiting.iter().any(Option::is_some) {
        if !left.is_empty() && rng.below(8) == 0 {
            let number = left.swap_remove(rng.below(left.len() as u32) as usize);
            state = model.step(&state, &calls[number].op, None).unwrap_or(state);
        }
        now += u64::from(rng.below(2));
        let client = rng.below(shape.clients as u32) as usize;
        let Some((number, answered)) = waiting[client].take() else {
            if calls.len() < shape.operations {
                now += 1;
                calls.push(Call { client: names[client], op: draw(rng), at: now, end: End::Open });
                waiting[client] = Some((calls.len() - 1, None));
            }
            continue;
        };
        let ret = if answered.is_none() { answer(&state, &calls[number].op) } else { None };
        // Nobody waits for ever: what it waits for may never come.
        let tired = answered.is_none() && ret.is_none() && rng.below(64) == 0;
        let fate = rng.below(200);
        if tired || fate < shape.killed + shape.open {
            let killed = !tired && fate < shape.killed;
            now += 1;
            names[client] += shape.clients;
            if killed {
                calls[number].end = End::Killed { at: now };
            } else if answered.is_none() {
                left.push(number);
            }
        } else if let Some(ret) = answered {
            now += 1;
            calls[number].end = End::Returned { at: now, ret };
        } else {
            if ret.is_some() {
                let next = model.step(&state, &calls[number].op, ret.as_ref());
                state = next.expect("the answer is right");
            }
            waiting[client] = Some((number, ret));
        }
    }
    calls
}

/// Replaces what one operation returned; false if none did.
pub(crate) fn damage<O: Clone, R: PartialEq>(
    calls: &mut [Call<O, R>],
    rng: &mut Rng,
    mut other: impl FnMut(&mut Rng, &O) -> R,
) -> bool {
    let returned: Vec<usize> = (0..calls.len()).filter(|&number| calls[number].ret().is_some()).collect();
    if returned.is_empty() {
        return false;
    }
    let number = returned[rng.below(returned.len() as u32) as usize];
    let op = calls[number].op.clone();
    if let End::Returned { ret, .. } = &mut calls[number].end {
        *ret = other(rng, &op);
    }
    true
}
