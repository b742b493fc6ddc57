//! A place where a number of tasks wait for each other.
//!
//! | state | `wait`, others missing | `wait`, as the last | `abort` | `reset` |
//! |---|---|---|---|---|
//! | whole | waits | all pass | broken; who waits fails | who waits fails |
//! | broken | fails | fails | nothing | whole and empty |
//!
//! A wait has two parts: arriving, and passing with an index that no other one of the same
//! generation has. When a task dies that waits, it has not arrived.

use super::specification::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// How many tasks it waits for.
    pub parties: u32,
}

/// What one can do with a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BarrierOp {
    /// Waits for the others.
    Wait,
    /// Breaks it.
    Abort,
    /// Makes it whole.
    Reset,
    /// Looks whether it is broken.
    IsBroken,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BarrierRet {
    /// All were there; the place among them.
    Passed(u32),
    /// It is broken, or was.
    Broken,
    /// Whether it is.
    IsBroken(bool),
    /// It was done.
    Done,
}

/// How a wait ends that has not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Others are missing.
    Arrived,
    /// All were there, in this generation.
    Passes(u32),
    /// It was broken or reset.
    Fails,
}

/// Where the barrier stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BarrierState {
    /// Whether it is broken.
    pub broken: bool,
    /// How often all passed.
    pub generation: u32,
    /// The tasks whose wait has begun.
    pub waits: BTreeMap<Task, Fate>,
    /// The indices that were given out, by generation.
    pub given: BTreeMap<u32, u32>,
}

impl BarrierState {
    fn turn_away(&mut self) {
        for fate in self.waits.values_mut().filter(|fate| **fate == Fate::Arrived) {
            *fate = Fate::Fails;
        }
    }
}

impl Specification for Barrier {
    type Op = BarrierOp;
    type Ret = BarrierRet;
    type State = BarrierState;

    fn init(&self) -> BarrierState {
        BarrierState::default()
    }

    fn outcomes(&self, state: &BarrierState, by: Task, op: &BarrierOp) -> Vec<Outcome<Self>> {
        let mut next = state.clone();
        match op {
            BarrierOp::Wait => match next.waits.remove(&by) {
                Some(Fate::Passes(generation)) => {
                    let given = state.given.get(&generation).copied().unwrap_or(0);
                    let free = (0..self.parties).filter(|index| given >> index & 1 == 0);
                    let pass = |index| {
                        let mut next = next.clone();
                        next.given.insert(generation, given | 1_u32 << index);
                        (BarrierRet::Passed(index), next)
                    };
                    free.map(pass).collect()
                }
                Some(Fate::Fails) => vec![(BarrierRet::Broken, next)],
                Some(Fate::Arrived) | None => Vec::new(),
            },
            BarrierOp::Abort => {
                next.broken = true;
                next.turn_away();
                vec![(BarrierRet::Done, next)]
            }
            BarrierOp::Reset => {
                next.broken = false;
                next.turn_away();
                vec![(BarrierRet::Done, next)]
            }
            BarrierOp::IsBroken => vec![(BarrierRet::IsBroken(state.broken), next)],
        }
    }

    fn has_two_parts(&self, op: &BarrierOp) -> bool {
        *op == BarrierOp::Wait
    }

    fn begun(&self, state: &BarrierState, by: Task, _: &BarrierOp) -> Vec<BarrierState> {
        let mut next = state.clone();
        next.waits.insert(by, if state.broken { Fate::Fails } else { Fate::Arrived });
        let arrived = next.waits.values().filter(|fate| **fate == Fate::Arrived).count();
        if arrived == self.parties as usize {
            let passes = Fate::Passes(next.generation);
            next.waits.values_mut().filter(|fate| **fate == Fate::Arrived).for_each(|fate| *fate = passes);
            next.generation += 1;
        }
        vec![next]
    }

    fn died(&self, state: &BarrierState, by: Task) -> BarrierState {
        let mut next = state.clone();
        next.waits.remove(&by);
        next
    }

    fn declaration(&self) -> String {
        format!("Barrier::new({})", self.parties)
    }

    fn call(&self, op: &BarrierOp) -> String {
        match op {
            BarrierOp::Wait => "wait()",
            BarrierOp::Abort => "abort()",
            BarrierOp::Reset => "reset()",
            BarrierOp::IsBroken => "is_broken()",
        }
        .to_owned()
    }
}
