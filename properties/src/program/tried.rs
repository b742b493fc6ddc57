//! What a hunt needs: programs, and how one of them is run.
//!
//! Implemented for every [`Subject`], and for what is [handed out](super::Handed) by way of
//! [`Apart`].

use super::generated::Generated;
use super::handed::{Handed, apart};
use super::run::program;
use super::subject::{Generate, Subject};
use crate::spec::Specification;
use proptest::strategy::BoxedStrategy;
use selvedge_harness::program::AnyProgram;
use std::marker::PhantomData;

/// Something for which programs are made, run and judged.
pub trait Tried {
    /// What it claims to do.
    type Spec: Generate;

    /// The parameters with which it is tried.
    fn setups() -> BoxedStrategy<Self::Spec>;

    /// The operations that it is put to.
    fn ops() -> BoxedStrategy<<Self::Spec as Specification>::Op>;

    /// A generated program over it.
    fn program(generated: &Generated<Self::Spec>) -> AnyProgram;
}

impl<T: Subject> Tried for T {
    type Spec = T::Spec;

    fn setups() -> BoxedStrategy<T::Spec> {
        T::setups()
    }

    fn ops() -> BoxedStrategy<<T::Spec as Specification>::Op> {
        T::ops()
    }

    fn program(generated: &Generated<T::Spec>) -> AnyProgram {
        program::<T>(generated).into()
    }
}

/// Something that is handed out to tasks which are started for it.
#[derive(Debug)]
pub struct Apart<T>(PhantomData<T>);

impl<T: Handed> Tried for Apart<T> {
    type Spec = T::Spec;

    fn setups() -> BoxedStrategy<T::Spec> {
        T::setups()
    }

    fn ops() -> BoxedStrategy<<T::Spec as Specification>::Op> {
        T::Spec::ops()
    }

    fn program(generated: &Generated<T::Spec>) -> AnyProgram {
        apart::<T>(generated)
    }
}
