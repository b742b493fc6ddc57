//! Histories of a simulated service: clients call, the service does what was called at
//! some later moment, and at some later moment it answers.

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
/// comes back in a state.
pub(crate) fn simulate<M: Model>(
    model: &M,
    rng: &mut Rng,
    shape: Shape,
    mut draw: impl FnMut(&mut Rng) -> M::Op,
    answer: impl Fn(&M::State, &M::Op) -> M::Ret,
) -> Vec<Call<M::Op, M::Ret>> {
    let mut state = model.init();
    let mut calls: Vec<Call<M::Op, M::Ret>> = Vec::new();
    // What each client waits for: the operation, and its answer once it was done.
    let mut waiting: Vec<Option<(usize, Option<M::Ret>)>> = (0..shape.clients).map(|_| None).collect();
    let mut names: Vec<usize> = (0..shape.clients).collect();
    let mut now = 0_u64;
    while calls.len() < shape.operations || waiting.iter().any(Option::is_some) {
        now += u64::from(rng.below(2));
        let client = rng.below(shape.clients as u32) as usize;
        waiting[client] = match waiting[client].take() {
            None if calls.len() < shape.operations => {
                now += 1;
                calls.push(Call { client: names[client], op: draw(rng), at: now, end: End::Open });
                Some((calls.len() - 1, None))
            }
            None => None,
            Some((number, None)) => {
                let fate = rng.below(200);
                if fate < shape.killed + shape.open {
                    gone(&mut calls[number], fate < shape.killed, &mut now);
                    names[client] += shape.clients;
                    None
                } else {
                    let ret = answer(&state, &calls[number].op);
                    state = model.step(&state, &calls[number].op, Some(&ret)).expect("the answer is right");
                    Some((number, Some(ret)))
                }
            }
            Some((number, Some(ret))) => {
                let fate = rng.below(200);
                if fate < shape.killed + shape.open {
                    gone(&mut calls[number], fate < shape.killed, &mut now);
                    names[client] += shape.clients;
                } else {
                    now += 1;
                    calls[number].end = End::Returned { at: now, ret };
                }
                None
            }
        };
    }
    calls
}

fn gone<O, R>(call: &mut Call<O, R>, killed: bool, now: &mut u64) {
    *now += 1;
    call.end = if killed { End::Killed { at: *now } } else { End::Open };
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
