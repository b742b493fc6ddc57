//! Programs over a vector, and the vector that they are run on.

use super::handed::{Handed, Tasks};
use super::subject::Generate;
use crate::spec::{Task, Vector, VectorOp, VectorRet};
use proptest::prelude::*;
use selvedge_harness::prelude::SharedVec;

impl Generate for Vector {
    fn ops() -> BoxedStrategy<VectorOp> {
        prop_oneof![
            2 => (0..3_usize).prop_map(VectorOp::Get),
            1 => Just(VectorOp::ToVec),
            5 => (0..9_u8).prop_map(VectorOp::Push),
            2 => (0..3_usize, 0..9_u8).prop_map(|(index, element)| VectorOp::Set(index, element)),
            2 => Just(VectorOp::Pop),
            2 => (0..3_usize).prop_map(VectorOp::SwapRemove),
        ]
        .boxed()
    }
}

/// A vector that processes share, each by a handle of its own.
#[derive(Debug)]
pub struct RealVector;

impl Handed for RealVector {
    type Spec = Vector;
    type End = SharedVec<u8>;
    type Rest = ();

    const TASKS: Tasks = Tasks::Processes;

    fn setups() -> BoxedStrategy<Vector> {
        (1..=3_usize).prop_map(|capacity| Vector { capacity }).boxed()
    }

    fn new(setup: &Vector, tasks: usize) -> (Vec<Self::End>, ()) {
        let vector = SharedVec::new(setup.capacity).expect("a small vector");
        (vec![vector; tasks], ())
    }

    fn perform(vector: &mut Self::End, _: Task, op: &VectorOp) -> VectorRet {
        let replaced = |result: Result<u8, selvedge::Error>| {
            result.map_or(VectorRet::Refused, |element| VectorRet::Found(Some(element)))
        };
        match *op {
            VectorOp::Push(element) => vector.push(element).map_or(VectorRet::Refused, VectorRet::At),
            VectorOp::Pop => VectorRet::Found(vector.pop()),
            VectorOp::Get(index) => VectorRet::Found(vector.get(index)),
            VectorOp::Set(index, element) => replaced(vector.set(index, element)),
            VectorOp::SwapRemove(index) => replaced(vector.swap_remove(index)),
            VectorOp::ToVec => VectorRet::All(vector.to_vec()),
        }
    }

    fn closing(_: &Self::End) -> Option<VectorOp> {
        None
    }
}
