//! What a sequential specification is: operations, results, states, and who may go on.
//!
//! Written once a primitive, in the files beside this one; asked by the
//! [`Judge`](super::Judge) and by tests that walk through one by hand.
//!
//! A specification says for each state and operation all results that the operation can
//! have there, each with the state it leaves. None at all means that whoever calls it there
//! waits. Where a primitive leaves a choice open (whom a notification wakes), there are
//! several.
//!
//! 1. Two outcomes of one operation in one state differ.
//! 2. A specification knows nothing of time, schedules or words: only what one caller after
//!    the other would see.
//!
//! When a process dies, [`Specification::died`] tells what its death does to the state, or
//! [`Specification::deaths`], if there are several things that it can do.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::hash::Hash;

/// The number of a task in its program.
pub type Task = u8;

/// What an operation can come to: its result and the state that it leaves.
pub type Outcome<S> = (<S as Specification>::Ret, <S as Specification>::State);

/// A sequential specification; a value of it is the primitive's parameters.
///
/// ```
/// use selvedge_properties::spec::{Semaphore, SemaphoreOp, SemaphoreRet, Specification};
///
/// let one = Semaphore { permits: 1, limit: 1 };
/// let after = one.outcomes(&one.init(), 0, &SemaphoreOp::Acquire);
/// assert_eq!(after, [(SemaphoreRet::Done, 0)]);
/// // The second caller waits.
/// assert!(one.outcomes(&0, 1, &SemaphoreOp::Acquire).is_empty());
/// ```
pub trait Specification: Clone + Debug + Send + Sync + 'static {
    /// An operation with its arguments.
    type Op: Clone + Eq + Hash + Debug + Send + Sync + Serialize + DeserializeOwned + 'static;
    /// What an operation returns.
    type Ret: Clone + Eq + Hash + Debug + Serialize + DeserializeOwned + 'static;
    /// The state of the object.
    type State: Clone + Ord + Hash + Debug;

    /// These parameters for so many tasks.
    #[must_use]
    fn fit(self, tasks: usize) -> Self {
        let _ = tasks;
        self
    }

    /// The state at the beginning.
    fn init(&self) -> Self::State;

    /// Everything that `op`, called by task `by`, can come to in `state`; empty if it waits.
    /// Of an operation with two parts: everything that its second part can come to.
    fn outcomes(&self, state: &Self::State, by: Task, op: &Self::Op) -> Vec<Outcome<Self>>;

    /// Whether `op` has two parts, between which others do something: a wait, which first
    /// joins those who wait and later returns.
    fn has_two_parts(&self, op: &Self::Op) -> bool {
        let _ = op;
        false
    }

    /// The states that the first part of such an operation can leave; empty if it waits.
    fn begun(&self, state: &Self::State, by: Task, op: &Self::Op) -> Vec<Self::State> {
        let _ = (by, op);
        vec![state.clone()]
    }

    /// Whether whoever calls `op` in `state` may be left waiting there for ever. Some that
    /// may could also go on: a lock is free to prefer one to another.
    fn may_wait(&self, state: &Self::State, by: Task, op: &Self::Op) -> bool {
        self.outcomes(state, by, op).is_empty()
    }

    /// The state after task `by` was killed.
    fn died(&self, state: &Self::State, by: Task) -> Self::State {
        let _ = by;
        state.clone()
    }

    /// The states that the death of task `by` can leave, where it leaves a choice open: all of
    /// them instead of [`died`](Self::died).
    fn deaths(&self, state: &Self::State, by: Task) -> Vec<Self::State> {
        vec![self.died(state, by)]
    }

    /// The object as a program declares it: `Semaphore::new(1)`.
    fn declaration(&self) -> String;

    /// An operation as a program calls it: `acquire()`.
    fn call(&self, op: &Self::Op) -> String;
}
