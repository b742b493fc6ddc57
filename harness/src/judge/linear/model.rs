//! What a history is judged by: the object as one client alone would see it.
//!
//! Written by users for their own objects; those that everybody has are in `spec`.

use super::history::Call;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::hash::Hash;

/// A sequential specification: states, and what an operation does to them.
///
/// Two states are the same if they are equal; the judge never visits one twice.
///
/// ```
/// use selvedge_harness::judge::linear::{History, Judgement, Model, Options, judge};
///
/// /// Counters by name that can only be raised, each by one, which tells its new value.
/// struct Counters;
///
/// impl Model for Counters {
///     type Op = &'static str;
///     type Ret = u32;
///     type State = u32;
///
///     fn init(&self) -> u32 {
///         0
///     }
///     fn step(&self, state: &u32, _: &&'static str, ret: Option<&u32>) -> Option<u32> {
///         let next = state + 1;
///         ret.is_none_or(|ret| *ret == next).then_some(next)
///     }
///     // Each counter is judged by itself, which is much faster.
///     fn partition(&self, op: &&'static str) -> Option<String> {
///         Some((*op).to_owned())
///     }
///     fn show(&self, op: &&'static str, ret: Option<&u32>) -> String {
///         format!("raise {op} -> {ret:?}")
///     }
/// }
///
/// let mut history = History::new();
/// history.done(0, 1, "apples", 2, 5);
/// history.done(1, 2, "apples", 1, 3);
/// assert_eq!(judge(&Counters, &history, &Options::default()), Judgement::Holds);
///
/// // After both have ended, nobody can be the first again.
/// history.done(1, 6, "apples", 1, 7);
/// assert!(matches!(judge(&Counters, &history, &Options::default()), Judgement::Broken(_)));
/// ```
pub trait Model {
    /// An operation with its arguments.
    type Op: Clone + Eq + Hash + Debug;
    /// What an operation returns.
    type Ret: Clone + Eq + Hash + Debug;
    /// The state of the object, or of one of its partitions.
    type State: Clone + Eq + Hash;

    /// The state at the beginning.
    fn init(&self) -> Self::State;

    /// The state after `op` took effect in `state` and returned `ret`; `None` if it
    /// cannot return that there. Without `ret`, nobody knows what it returned.
    fn step(&self, state: &Self::State, op: &Self::Op, ret: Option<&Self::Ret>) -> Option<Self::State>;

    /// The part of the object that `op` is about, if operations on different parts do
    /// not influence each other: the key of a map. Each part has a state of its own.
    fn partition(&self, op: &Self::Op) -> Option<String> {
        let _ = op;
        None
    }

    /// Whether `op`, where it returns `ret`, leaves every state as it is. Saying so
    /// makes judging faster; saying so of an operation that does change one is wrong.
    fn reads(&self, op: &Self::Op, ret: &Self::Ret) -> bool {
        let _ = (op, ret);
        false
    }

    /// Whether `op` does, in every state, all that `other` can do there, where nobody
    /// knows what either returned: a write of 3 can stand for any compare-and-set to 3.
    /// Then the search uses `other` first. Whoever covers what covers a third covers that too.
    fn covers(&self, op: &Self::Op, other: &Self::Op) -> bool {
        let _ = (op, other);
        false
    }

    /// Whether `op` can take effect in every state, always returns `ret` (if anybody knows what
    /// it returned) and leaves the same state wherever it does: a write. Of many such at a time
    /// the search then looks only at those that something needs. Saying so of an operation
    /// whose effect or result depends on the state is wrong.
    fn replaces(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> bool {
        let _ = (op, ret);
        false
    }

    /// Whether `op` can never return `ret` any more, from `state`, whichever of `others`
    /// take effect before it, in whatever order.
    /// Saying so saves the search from finding it out; saying so although it can is
    /// wrong. Asked of operations that only read, see [`reads`](Model::reads).
    fn lost(
        &self,
        state: &Self::State,
        op: &Self::Op,
        ret: &Self::Ret,
        others: &mut dyn Iterator<Item = &Self::Op>,
    ) -> bool {
        let _ = (state, op, ret, others);
        false
    }

    /// [`lost`](Model::lost) says the same of every state in which `op` cannot return `ret` at
    /// once: the value of a register comes back only if somebody writes it, whatever is there
    /// now. And where it says so, there is one state in which `op` returns `ret`, not several.
    /// Saying so although it depends on the state, or of what is the same in several, is wrong.
    const LOST_ANYWHERE: bool = false;

    /// Only reads can tell states apart: no other operation is legal in one and not in
    /// another one, and each either keeps what was there or replaces all of it. Then
    /// [`forgotten`](Model::forgotten) is asked.
    const ONLY_READS_TELL: bool = false;

    /// Whether `op`, which only reads, can never return `ret` from `state` nor from what
    /// comes of it, until all of it is replaced. States of which this is so for every
    /// read to come are one and the same to the search.
    fn forgotten(&self, state: &Self::State, op: &Self::Op, ret: &Self::Ret) -> bool {
        let _ = (state, op, ret);
        false
    }

    /// Whether `op` may have taken effect in a state, since all of it was last replaced, where
    /// `read`, which only reads, returns `ret`; or whether `op` replaces all of it. What no
    /// read to come shows is placed as soon as nobody cares. Asked where
    /// [`ONLY_READS_TELL`](Model::ONLY_READS_TELL).
    fn shows(&self, op: &Self::Op, read: &Self::Op, ret: &Self::Ret) -> bool {
        let _ = (op, read, ret);
        true
    }

    /// About how many bytes a state takes, for the bound on memory.
    fn bytes(&self, state: &Self::State) -> usize {
        size_of_val(state)
    }

    /// A near-linear judgement of the operations on one part or on all of them, where the
    /// object has one and it applies: whether they are linearizable. An operation that
    /// did not return may take effect at any time or never here.
    fn monitor(&self, calls: &[&Call<Self::Op, Self::Ret>]) -> Option<bool> {
        let _ = calls;
        None
    }

    /// An operation as reports show it.
    fn show(&self, op: &Self::Op, ret: Option<&Self::Ret>) -> String {
        match ret {
            Some(ret) => format!("{op:?} -> {ret:?}"),
            None => format!("{op:?} -> ?"),
        }
    }
}

/// Models whose operations a program can record: implemented for all that can be, by
/// this blanket.
pub trait Judgeable:
    Model<Op: Serialize + DeserializeOwned, Ret: Serialize + DeserializeOwned> + Send + Sync + 'static
{
}

impl<M> Judgeable for M where
    M: Model<Op: Serialize + DeserializeOwned, Ret: Serialize + DeserializeOwned> + Send + Sync + 'static
{
}
