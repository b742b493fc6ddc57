//! What a worker does, from its fork to its end.
//!
//! Started by `core`, which watches the other end of its pipe.
//!
//! | word | meaning |
//! |---|---|
//! | `claim`: [`UNREADY`] | the worker is at its initializer, or not yet there |
//! | `claim`: [`READY`] | it has not begun a task |
//! | `claim`: other | the task that it began last |
//! | `awaited`: 0 | the pool is awake |
//! | `awaited`: other | it sleeps until so many more results are there |
//!
//! 1. The claim is written before the task is taken from its queue, and the next one after
//!    its result was put: a task that is neither in a queue nor claimed is finished.
//! 2. A result is put before the pool is looked for asleep, and the pool says that it falls
//!    asleep before it looks for results: one of the two sees the other. So each result that
//!    the pool has not seen is counted, and who counts the last one awaited wakes it. One that
//!    it has seen may be counted too: then it is woken early.
//! 3. A worker that finds no room for its result wakes the pool at once, which makes room.
//!
//! Orderings: a fence of sequential consistency stands between the two on either side; the
//! words themselves are relaxed.
//!
//! When a worker dies here, its pidfd tells, or in an exploration the end of its pipe, which
//! wakes the pool, whatever was counted. The pool has all the results that were put, and the claim says what is lost. When the pool's process
//! dies, its workers end within a second after their tasks.

use super::message::{self, Kind, catch, note_panics};
use crate::channel::{ByteQueue, Connection, GetError, PutError};
use crate::platform::{Io, Tasks};
use crate::process::parent_id;
use crate::shm::Shared;
use crate::shm::function::Code;
use crate::sync::Value;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::fence;
use std::time::Duration;

pub(super) const UNREADY: u64 = 0;
pub(super) const READY: u64 = u64::MAX;

/// How often an idle worker looks whether its parent lives.
const LOOK: Duration = Duration::from_secs(1);

/// What is called in each worker before its first task.
pub(super) type Initializer = Arc<dyn Fn() + Send + Sync>;

/// What a worker is born with.
pub(super) struct Worker<P: Tasks + Io> {
    pub(super) tasks: ByteQueue<P>,
    pub(super) results: ByteQueue<P>,
    pub(super) awaited: Shared<Value<u32, P>, P>,
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
        let (mut input, mut output) = (Vec::new(), Vec::new());
        if let Some(initializer) = &self.initializer {
            if let Err((message, location)) = catch(|| initializer()) {
                let kind = message::say_panicked(&message, &location, &mut output);
                self.hand_in(0, kind, &mut output);
                return;
            }
            self.claim.set(READY);
        }
        let mut left = self.most_tasks;
        while left != Some(0) {
            let Some((id, code)) = self.next(&mut input) else { return };
            output.clear();
            let kind = code.run::<Kind>(&input, &mut output);
            self.hand_in(id, kind, &mut output);
            left = left.map(|left| left - 1);
        }
    }

    /// The next task, whose arguments are put into `input`; `None` if there will be none.
    fn next(&self, input: &mut Vec<u8>) -> Option<(u64, Code)> {
        // A scheduler counts who waits for ever; a real worker may be left alone. It looks
        // without waiting first, and then the time need not be known.
        let mut patience = P::executes().then_some(Duration::ZERO);
        loop {
            let read = |letter: &[u8]| {
                let (id, code, arguments) = message::read_job(letter)?;
                self.claim.set(id);
                input.clear();
                input.extend_from_slice(arguments);
                Some((id, code))
            };
            match self.tasks.read_within(patience, read) {
                Ok(Some(job)) => return Some(job),
                // Not put by a pool.
                Ok(None) => {}
                Err(GetError::Empty) if patience == Some(Duration::ZERO) => patience = Some(LOOK),
                Err(GetError::Empty) if parent_id() == self.parent => {}
                Err(_) => return None,
            }
        }
    }

    fn hand_in(&self, id: u64, kind: Kind, output: &mut Vec<u8>) {
        // The pool closes no results, and one that is too large is replaced by saying so.
        if let Err(refused) = self.put(&message::done(id, kind), output) {
            let kind = message::say_unsendable(&refused.to_string(), output);
            drop(self.put(&message::done(id, kind), output));
        }
        fence(SeqCst);
        let mut left = self.awaited.get();
        while left != 0 {
            match self.awaited.compare_exchange(left, left - 1) {
                Ok(_) if left == 1 => return self.ring(),
                Ok(_) => return,
                Err(now) => left = now,
            }
        }
    }

    fn put(&self, head: &[u8], output: &[u8]) -> Result<(), PutError<()>> {
        match self.results.put_parts(&[head, output], false) {
            Err(PutError::Full(())) => {
                self.ring();
                self.results.put_parts(&[head, output], true)
            }
            other => other,
        }
    }

    fn ring(&self) {
        // Who cannot be told is dead.
        drop(self.bell.send_bytes(b"!"));
    }
}
