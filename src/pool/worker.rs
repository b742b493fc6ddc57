//! What a worker does, from its fork to its end.
//!
//! Started by `core`, which watches the other end of its pipe.
//!
//! | word | meaning |
//! |---|---|
//! | `claim`: [`NEVER`] | the worker has not begun a task |
//! | `claim`: other | the task that it began last |
//! | `asleep` | whether the pool sleeps until a pipe is written to |
//!
//! 1. The claim is written before the task is taken from its queue, and the next one after
//!    its result was put: a task that is neither in a queue nor claimed is finished.
//! 2. A result is put before the pool is looked for asleep, and the pool says that it falls
//!    asleep before it looks for results: one of the two sees the other.
//!
//! Orderings: a fence of sequential consistency stands between the two on either side; the
//! words themselves are relaxed.
//!
//! When a worker dies here, its end of the pipe is closed, which wakes the pool. The pool has
//! all the results that were put, and the claim says what is lost. When the pool's process
//! dies, its workers end within a second after their tasks.

use super::message::{Answer, Done, Job, catch, note_panics};
use crate::channel::{Connection, GetError, PutError, Queue};
use crate::platform::{Io, Tasks};
use crate::process::parent_id;
use crate::shm::Shared;
use crate::sync::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::fence;
use std::time::Duration;

pub(super) const NEVER: u64 = 0;

/// How often an idle worker looks whether its parent lives.
const LOOK: Duration = Duration::from_secs(1);

/// What is called in each worker before its first task.
pub(super) type Initializer = Arc<dyn Fn() + Send + Sync>;

/// What a worker is born with.
pub(super) struct Worker<P: Tasks + Io> {
    pub(super) tasks: Queue<Job, P>,
    pub(super) results: Queue<Done, P>,
    pub(super) asleep: Shared<Value<u32, P>, P>,
    pub(super) claim: Shared<Value<u64, P>, P>,
    pub(super) bell: Connection<P>,
    pub(super) initializer: Option<Initializer>,
    pub(super) most_tasks: Option<u32>,
    pub(super) parent: u32,
}

impl<P: Tasks + Io> Worker<P> {
    /// Works until there is nothing more to do.
    pub(super) fn work(self) {
        if P::executes() {
            note_panics();
        }
        if let Some(initializer) = &self.initializer
            && let Err((message, location)) = catch(|| initializer())
        {
            self.hand_in(0, Answer::Panicked { message, location });
            return;
        }
        let mut left = self.most_tasks;
        while left != Some(0) {
            let Some(job) = self.next() else { return };
            let answer = job.code.run::<Answer>(&job.input.0);
            self.hand_in(job.id, answer);
            left = left.map(|left| left - 1);
        }
    }

    /// The next task; `None` if there will be none.
    fn next(&self) -> Option<Job> {
        loop {
            let note = |job: &Job| self.claim.set(job.id);
            // A scheduler counts who waits for ever; a real worker may be left alone.
            let patience = P::executes().then_some(LOOK);
            match self.tasks.get_noting(patience, note) {
                Ok(job) => return Some(job),
                Err(GetError::Empty) if parent_id() == self.parent => {}
                Err(_) => return None,
            }
        }
    }

    fn hand_in(&self, id: u64, answer: Answer) {
        // The pool closes no results, and one that is too large is replaced by saying so.
        if let Err(refused @ (PutError::TooLarge { .. } | PutError::Unencodable { .. })) =
            self.results.put(Done { id, answer })
        {
            let why = refused.to_string();
            drop(self.results.put(Done { id, answer: Answer::Unsendable(why) }));
        }
        fence(SeqCst);
        if self.asleep.get() == 1 && self.asleep.compare_exchange(1, 0).is_ok() {
            // Who cannot be told is dead.
            drop(self.bell.send_bytes(b"!"));
        }
    }
}
