//! Each state machine of `selvedge::raw`, exhausted by loom: every interleaving and every
//! value that a weak memory model allows a load to return.
//!
//! Called by `tests/models.rs`. A law is a function that is generic over what it checks, so
//! that the shipped machine and deliberately broken ones go through the same one.
//!
//! | file | law | broken machine that it catches |
//! |---|---|---|
//! | [`mutex`] | one at a time; an unlock wakes | unlock that releases nothing; sleeping without saying so |
//! | [`condvar`] | no notification is lost | notify that leaves the sequence; unlock before the look |
//! | [`rwlock`] | a writer is alone; nobody waits for ever | a reader that does not look at the gate; one that leaves unseen; a look that may be old |
//! | [`semaphore`] | no more than there are permits; a release wakes | a look at the waiters that may be old; permits that carry nothing |
//! | [`barrier`] | nobody passes before all have come | a count without generations; a release that publishes nothing |
//! | [`once`] | done by one, seen by all | a flag that is set first; one that publishes nothing |
//! | [`event`] | a set releases all; so does a pulse | waiting for the flag alone; a set that publishes nothing |
//! | [`lane`] | each request is done once, and its answer comes one way | a request that is taken back too late; an answer that publishes nothing |
//! | [`queue`] | each item arrives; closing reaches who waits | a move that publishes nothing; a look too early; a wake-up that changes nothing; a side that is not told |
//! | [`ring`] | the same for one sender and one receiver | moves and looks that order nothing; a sleep without a look; a mark unseen; a side that is not told |
//! | [`look`] | who finds out how a barrier or a queue stands sees what came before | none of its own: the shipped ones without their acquires |
//! | [`monitor`] | the same under one lock | a bell that rings too early; marks that come too late or are shared; closing after the bell |
//!
//! Every acquire and every release of a machine is needed by one of its laws: weaken a single
//! one, and a test of `tests/models.rs` fails. A futex that orders nothing is part of that, see
//! [`Restless`]. What only the dead need, and how many are counted as waiting or as passed, are
//! not part of it.
//!
//! A model with a preemption bound is exhaustive up to that many preemptions; one without
//! is exhaustive.
//!
//! When a process dies, loom has nothing to say: kills are the harness's matter.

pub mod barrier;
pub mod condvar;
pub mod event;
pub mod lane;
pub mod look;
pub mod monitor;
pub mod mutex;
pub mod once;
pub mod queue;
pub mod ring;
pub mod rwlock;
pub mod semaphore;

mod loom_platform;

pub use loom_platform::{
    Futex, Lacking, Loom, RESTLESS, Restless, UNACQUIRED, UNRELEASED, Unacquired, Unreleased, asleep,
};

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Runs `program` in every execution that loom knows, with at most `preemptions` of them
/// where a bound is given. Returns how many executions those were.
///
/// # Panics
/// If an execution panics, races or deadlocks. A deadlock may end the whole process: run a
/// model that is meant to in a child.
pub fn exhaust(preemptions: Option<usize>, program: impl Fn() + Send + Sync + 'static) -> usize {
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || {
        counted.fetch_add(1, Relaxed);
        program();
    });
    executions.load(Relaxed)
}
