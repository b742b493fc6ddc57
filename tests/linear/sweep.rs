//! Somebody who keeps every configuration: as simple as trying every order, and as sure, but it
//! gets through histories of any length if few operations run at a time.
//!
//! It goes through the calls and returns as they happened. A configuration is a state, and which
//! of the operations that run have taken effect. Before each return, everything that runs may take
//! effect, in every order; then only those configurations go on in which what returns has taken
//! effect, where that was what it returned. Source: the just-in-time linearization of Lowe
//! (Concurrency and Computation, 2017), without his tree.

use rustc_hash::{FxHashMap, FxHashSet};
use selvedge_harness::judge::linear::{Call, Crash, End, Model};
use std::hash::Hash;

/// More configurations than this at a time are too many.
const MOST: usize = if cfg!(debug_assertions) { 1_000 } else { 5_000 };

/// What came of a sweep.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Swept<S: Eq + Hash> {
    /// Everything can be explained; the states that may be there in the end.
    Holds(FxHashSet<S>),
    /// What returned before this time can be explained, with what returned then it cannot.
    Broken(u64),
    /// There were too many configurations.
    Unknown,
}

/// A state, what has taken effect by its place, and what of it cannot return what it does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Configuration {
    state: usize,
    placed: u64,
    wrong: u64,
}

struct Sweep<'a, M: Model> {
    model: &'a M,
    calls: &'a [Call<M::Op, M::Ret>],
    numbers: FxHashMap<M::State, usize>,
    states: Vec<M::State>,
    /// By state and operation: the state after it, and whether it returns there what it did.
    steps: FxHashMap<(usize, usize), Option<(usize, bool)>>,
    /// Which operation runs in which place.
    running: Vec<Option<usize>>,
}

/// Sweeps over a history from the state `from`.
pub(crate) fn sweep<M: Model>(
    model: &M,
    from: M::State,
    calls: &[Call<M::Op, M::Ret>],
    crash: Crash,
) -> Swept<M::State> {
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        events.push((call.at, false, number));
        match call.end {
            End::Returned { at, .. } => events.push((at, true, number)),
            End::Killed { at } if crash == Crash::Strict => events.push((at, true, number)),
            End::Killed { .. } | End::Open => {}
        }
    }
    events.sort_unstable();
    let mut sweep = Sweep {
        model,
        calls,
        numbers: FxHashMap::from_iter([(from.clone(), 0)]),
        states: vec![from],
        steps: FxHashMap::default(),
        running: Vec::new(),
    };
    let mut now = FxHashSet::from_iter([Configuration { state: 0, placed: 0, wrong: 0 }]);
    for (at, ends, number) in events {
        if !ends {
            match sweep.running.iter().position(Option::is_none) {
                Some(place) => sweep.running[place] = Some(number),
                None => sweep.running.push(Some(number)),
            }
            if sweep.running.len() > 64 {
                return Swept::Unknown;
            }
            continue;
        }
        if !sweep.close(&mut now) {
            return Swept::Unknown;
        }
        let place = sweep.running.iter().position(|&other| other == Some(number)).expect("it runs");
        sweep.running[place] = None;
        let (bit, returned) = (1 << place, calls[number].ret().is_some());
        now = now
            .into_iter()
            .filter(|on| !returned || on.placed & bit != 0 && on.wrong & bit == 0)
            .map(|on| Configuration { placed: on.placed & !bit, wrong: on.wrong & !bit, ..on })
            .collect();
        if now.is_empty() {
            return Swept::Broken(at);
        }
    }
    Swept::Holds(now.into_iter().map(|on| sweep.states[on.state].clone()).collect())
}

impl<M: Model> Sweep<'_, M> {
    /// Adds everything that can be reached while nothing returns; false if it is too much.
    fn close(&mut self, now: &mut FxHashSet<Configuration>) -> bool {
        let mut next: Vec<Configuration> = now.iter().copied().collect();
        while let Some(on) = next.pop() {
            for place in 0..self.running.len() {
                let Some(number) = self.running[place] else { continue };
                let bit = 1 << place;
                if on.placed & bit != 0 {
                    continue;
                }
                let Some((state, right)) = self.step(on.state, number) else { continue };
                let wrong = if right { on.wrong } else { on.wrong | bit };
                let then = Configuration { state, placed: on.placed | bit, wrong };
                if now.insert(then) {
                    next.push(then);
                }
            }
            if now.len() > MOST {
                return false;
            }
        }
        true
    }

    fn step(&mut self, state: usize, number: usize) -> Option<(usize, bool)> {
        if let Some(&known) = self.steps.get(&(state, number)) {
            return known;
        }
        let (call, from) = (&self.calls[number], &self.states[state]);
        let right = call.ret().and_then(|ret| self.model.step(from, &call.op, Some(ret)));
        let is_right = right.is_some();
        let after = right.or_else(|| self.model.step(from, &call.op, None));
        let step = after.map(|after| {
            let next = self.states.len();
            let after = *self.numbers.entry(after).or_insert_with_key(|after| {
                self.states.push(after.clone());
                next
            });
            (after, is_right)
        });
        self.steps.insert((state, number), step);
        step
    }
}
