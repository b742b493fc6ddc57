//! What generated programs need to know of a primitive, and of one that pretends to be it.
//!
//! Implemented once a primitive and once a mutant; called by [`run`](super::run).
//!
//! When a process dies here, it dies in the primitive.

use super::generated::TASKS;
use crate::spec::{Specification, Task};
use proptest::strategy::BoxedStrategy;
use selvedge_harness::Shareable;

/// A specification for which programs can be made.
pub trait Generate: Specification {
    /// The most tasks that can use it.
    const TASKS: usize = TASKS;

    /// The operations that programs are made of; simpler ones are smaller.
    fn ops() -> BoxedStrategy<Self::Op>;
}

/// Something that claims to do what a specification says.
pub trait Subject: Shareable + Send + Sync + Sized {
    /// What it claims to do.
    type Spec: Generate;
    /// What a task has in its hands between two operations: guards.
    type Held<'a>: Default;

    /// The parameters with which it is tried.
    fn setups() -> BoxedStrategy<Self::Spec>;

    /// The operations that it is put to: all, unless it has fewer.
    fn ops() -> BoxedStrategy<<Self::Spec as Specification>::Op> {
        Self::Spec::ops()
    }

    /// The object that `setup` describes.
    fn new(setup: &Self::Spec) -> Self;

    /// Does `op` for task `me`.
    fn perform<'a>(
        &'a self,
        held: &mut Self::Held<'a>,
        me: Task,
        op: &<Self::Spec as Specification>::Op,
    ) -> <Self::Spec as Specification>::Ret;

    /// What a task does before it ends, again and again until there is nothing.
    fn closing(held: &Self::Held<'_>) -> Option<<Self::Spec as Specification>::Op> {
        let _ = held;
        None
    }
}
