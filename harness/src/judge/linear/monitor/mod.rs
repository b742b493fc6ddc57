//! Near-linear judges of collections into which no value is put twice.
//!
//! Called by the models in `spec`, and by `judge` through them, before any search. What
//! does not apply (a value put twice, an operation that they do not know) is `None`, and
//! then it is searched.
//!
//! A value is certainly in a collection between the return of what put it there and the
//! call of what took it out. All monitors ask at which times it is certainly not empty,
//! or certainly holds something else; these are open intervals, since operations that
//! end and begin at the same time overlap.
//!
//! | file | the collection | time |
//! |---|---|---|
//! | `register` | a register | O(n log n) |
//! | `set` | a set | O(n log n) |
//! | `queue` | a queue | O(n log n) |
//! | `stack` | a stack; `coverage` and `tree` are what it uses | O(n log n) |
//! | `priority_queue` | a priority queue | O(n log n) |
//! | `pool` | puts and takes, matched | O(n) |
//! | `cover` | which times are covered | |
//!
//! Sources: Gibbons and Korach, Testing shared memories (SIAM Journal on Computing 1997)
//! for the register; Henzinger, Sezgin and Vafeiadis, Aspect-oriented linearizability
//! proofs (CONCUR 2013) for the queue. The others' arguments stand in their files.

mod cover;
mod coverage;
mod pool;
mod priority_queue;
mod queue;
mod register;
mod set;
mod stack;
mod tree;

pub(super) use pool::pool;
pub(super) use priority_queue::priority_queue;
pub(super) use queue::queue;
pub(super) use register::register;
pub(super) use set::set;
pub(super) use stack::stack;
