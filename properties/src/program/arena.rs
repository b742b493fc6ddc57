//! Programs over an arena, and the arena that they are run on.

use super::handed::{Handed, Tasks};
use super::subject::Generate;
use crate::spec::{Arena as Spec, ArenaOp, ArenaRet, Task};
use proptest::prelude::*;
use selvedge::sync::At;
use selvedge_harness::prelude::Arena;

impl Generate for Spec {
    fn ops() -> BoxedStrategy<ArenaOp> {
        prop_oneof![
            2 => (0..3_usize).prop_map(ArenaOp::Get),
            1 => Just(ArenaOp::Len),
            1 => Just(ArenaOp::ToVec),
            5 => (0..9_u8).prop_map(ArenaOp::Insert),
            2 => (0..3_usize, 0..9_u8).prop_map(|(number, value)| ArenaOp::Set(number, value)),
            4 => (0..3_usize).prop_map(ArenaOp::Remove),
        ]
        .boxed()
    }
}

/// An arena that processes share, each by a handle of its own.
#[derive(Debug)]
pub struct RealArena;

impl Handed for RealArena {
    type Spec = Spec;
    /// The handle, and where the task's own insertions are.
    type End = (Arena<u8>, Vec<At<u8>>);
    type Rest = ();

    const TASKS: Tasks = Tasks::Processes;

    fn setups() -> BoxedStrategy<Spec> {
        (1..=3_usize).prop_map(|capacity| Spec { capacity }).boxed()
    }

    fn new(setup: &Spec, tasks: usize) -> (Vec<Self::End>, ()) {
        let arena = Arena::new(setup.capacity).expect("a small arena");
        (vec![(arena, Vec::new()); tasks], ())
    }

    fn perform((arena, mine): &mut Self::End, _: Task, op: &ArenaOp) -> ArenaRet {
        let at = |number: usize| mine.get(number).copied();
        match *op {
            ArenaOp::Insert(value) => match arena.insert(value) {
                Ok(at) => {
                    mine.push(at);
                    ArenaRet::Done
                }
                Err(_) => ArenaRet::Refused,
            },
            ArenaOp::Get(number) => ArenaRet::Found(at(number).and_then(|at| arena.get(at))),
            ArenaOp::Set(number, value) => ArenaRet::Found(at(number).and_then(|at| arena.set(at, value))),
            ArenaOp::Remove(number) => ArenaRet::Found(at(number).and_then(|at| arena.remove(at))),
            ArenaOp::Len => ArenaRet::Len(arena.len()),
            ArenaOp::ToVec => {
                let mut all: Vec<u8> = arena.to_vec().into_iter().map(|(_, value)| value).collect();
                all.sort_unstable();
                ArenaRet::All(all)
            }
        }
    }

    fn closing(_: &Self::End) -> Option<ArenaOp> {
        None
    }
}
