//! Who works for a pool, what is out, and what has come back.
//!
//! Called by [`Pool`](super::Pool) and by every result that somebody waits for. There is no
//! thread behind a pool, so that it can be forked from: whoever waits for anything of it does
//! all the work that there is meanwhile, for all.
//!
//! | state | new tasks | workers |
//! |---|---|---|
//! | open | taken | as many as asked for |
//! | closed | refused | until the last task is done |
//! | over | refused | none |
//!
//! 1. A task has a number; the numbers of a batch follow each other, and are never used
//!    again.
//!
//! When a worker dies, see [`attend`](super::attend): its task fails, and another takes its
//! place.

use super::PoolError;
use super::batch::Sink;
use super::message::{self, Chunks};
use super::worker::{Initializer, READY, UNREADY, Worker};
use crate::Error;
use crate::channel::{ByteQueue, Connection, PutError, Queue, pipe};
use crate::platform::{Io, Site, Tasks};
use crate::process::{self, Process};
use crate::shm::Shared;
use crate::shm::function::Code;
use crate::sync::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Whether a pool takes tasks, and has workers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Open,
    Closed,
    Over,
}

/// What was said of a pool before it was made.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) workers: usize,
    pub(super) initializer: Option<Initializer>,
    pub(super) most_tasks: Option<u32>,
    pub(super) despite_threads: bool,
}

/// A worker, as the pool sees it.
pub(super) struct Desk<P: Tasks + Io> {
    pub(super) process: Process<P>,
    pub(super) claim: Shared<Value<u64, P>, P>,
    pub(super) bell: Connection<P>,
}

pub(super) struct Core<P: Tasks + Io> {
    pub(super) plan: Plan,
    /// The process that made it.
    pub(super) owner: u32,
    pub(super) tasks: ByteQueue<P>,
    pub(super) results: ByteQueue<P>,
    /// See [`worker`](super::worker).
    pub(super) awaited: Shared<Value<u32, P>, P>,
    pub(super) desks: RefCell<Vec<Desk<P>>>,
    /// The batches that are out, by the number of their first task.
    pub(super) batches: RefCell<BTreeMap<u64, Rc<dyn Sink>>>,
    pub(super) next: Cell<u64>,
    pub(super) state: Cell<State>,
    /// How many workers in a row have ended before they were ready.
    pub(super) barren: Cell<usize>,
    pub(super) broken: RefCell<Option<PoolError>>,
    /// Memory for a message, used again and again.
    pub(super) letter: Cell<Vec<u8>>,
}

/// How many results the pool lets come at most before it looks at them.
const AT_ONCE: usize = 1024;

impl<P: Tasks + Io> Core<P> {
    pub(super) fn new(plan: Plan) -> Result<Self, Error> {
        let core = Core {
            tasks: Queue::builder().build()?,
            results: Queue::builder().build()?,
            awaited: Shared::try_new(Value::new(0))?,
            desks: RefCell::new(Vec::with_capacity(plan.workers)),
            batches: RefCell::new(BTreeMap::new()),
            next: Cell::new(1),
            state: Cell::new(State::Open),
            barren: Cell::new(0),
            broken: RefCell::new(None),
            letter: Cell::new(Vec::new()),
            owner: process::id::<P>(),
            plan,
        };
        for _ in 0..core.plan.workers {
            if let Err(error) = core.hire() {
                core.dismiss();
                return Err(error);
            }
        }
        Ok(core)
    }

    pub(super) fn state(&self) -> State {
        self.state.get()
    }

    /// Whether the calling process is the one that made the pool. Of another one's copy
    /// nothing may come: queues and workers are the pool's own.
    pub(super) fn check_owner(&self) -> Result<(), PoolError> {
        if process::id::<P>() == self.owner {
            Ok(())
        } else {
            Err(PoolError::OtherProcess { owner: self.owner })
        }
    }

    pub(super) fn workers(&self) -> usize {
        self.plan.workers
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        self.desks.borrow().iter().filter_map(|desk| desk.process.pid()).collect()
    }

    /// Starts one more worker.
    pub(super) fn hire(&self) -> Result<(), Error> {
        // Without an initializer there is nothing that could keep it from getting ready.
        let begins = if self.plan.initializer.is_some() { UNREADY } else { READY };
        let claim = Shared::try_new(Value::new(begins))?;
        let (bell, rope) = pipe(false)?;
        let worker = Worker {
            tasks: self.tasks.clone(),
            results: self.results.clone(),
            awaited: self.awaited.clone(),
            claim: claim.clone(),
            bell: rope,
            initializer: self.plan.initializer.clone(),
            most_tasks: self.plan.most_tasks,
            parent: process::id::<P>(),
        };
        let mut process = Process::new(move || worker.work()).daemon(true);
        if self.plan.despite_threads {
            process = process.despite_threads();
        }
        process.start()?;
        self.desks.borrow_mut().push(Desk { process, claim, bell });
        Ok(())
    }

    /// Gives out the chunks of a batch.
    #[track_caller]
    pub(super) fn submit(
        &self,
        batch: Rc<dyn Sink>,
        code: Code,
        arguments: &dyn Chunks,
    ) -> Result<(), PoolError> {
        P::on_behalf_of(P::Site::here(), || {
            self.check_owner()?;
            if self.state.get() != State::Open {
                return Err(PoolError::Closed);
            }
            let (first, chunks) = (self.next.get(), batch.missing());
            self.next.set(first + chunks as u64);
            self.batches.borrow_mut().insert(first, Rc::clone(&batch));
            for index in 0..chunks {
                if let Some(error) = self.broken() {
                    batch.settle(index, Err(error));
                    continue;
                }
                let head = message::job(first + index as u64, code);
                loop {
                    match self.tasks.put_parts(&[&head, arguments.chunk(index)], false) {
                        Ok(()) => break,
                        // There is room only once a worker has taken something.
                        Err(PutError::Full(())) => drop(self.attend(None, 1)?),
                        Err(refused) => {
                            batch.settle(index, Err(PoolError::Argument { why: refused.to_string() }));
                            break;
                        }
                    }
                }
            }
            if batch.is_finished() {
                self.batches.borrow_mut().remove(&first);
            }
            Ok(())
        })
    }

    /// How many results must come before any batch can be finished, within limits: no sooner
    /// is there anything to do for the pool.
    pub(super) fn wanted(&self) -> usize {
        let mut wanted = AT_ONCE;
        for batch in self.batches.borrow().values() {
            wanted = wanted.min(batch.missing());
            if wanted <= 1 {
                break;
            }
        }
        wanted.max(1)
    }

    fn broken(&self) -> Option<PoolError> {
        self.broken.borrow().clone()
    }

    /// Fails everything that is out, and whatever will be asked for.
    pub(super) fn give_up(&self, error: PoolError) {
        self.broken.borrow_mut().get_or_insert_with(|| error.clone());
        self.fail_all(&error);
    }

    fn fail_all(&self, error: &PoolError) {
        let batches = self.batches.take();
        let ids: Vec<u64> = batches.keys().copied().collect();
        let end = self.next.get();
        for (place, (first, batch)) in batches.iter().enumerate() {
            let next = ids.get(place + 1).copied().unwrap_or(end);
            for chunk in 0..(next - first) as usize {
                batch.settle(chunk, Err(error.clone()));
            }
        }
    }

    /// Takes no more tasks.
    #[track_caller]
    pub(super) fn close(&self) {
        P::on_behalf_of(P::Site::here(), || {
            if self.state.get() == State::Open && self.check_owner().is_ok() {
                self.state.set(State::Closed);
                self.tasks.close();
            }
        })
    }

    /// Waits until all that is out is done and the workers have ended.
    #[track_caller]
    pub(super) fn join(&self) {
        P::on_behalf_of(P::Site::here(), || {
            while !self.batches.borrow().is_empty() && self.broken().is_none() {
                if let Err(error) = self.attend(None, self.wanted()) {
                    self.give_up(error);
                }
            }
            // There is nothing more in the queue, and it is closed.
            for desk in self.desks.take() {
                drop(desk.process.join());
            }
            self.state.set(State::Over);
        })
    }

    /// Ends the workers, whatever they do.
    #[track_caller]
    pub(super) fn terminate(&self) {
        P::on_behalf_of(P::Site::here(), || {
            if self.check_owner().is_ok() && self.state.replace(State::Over) != State::Over {
                self.tasks.close();
                self.dismiss();
                self.fail_all(&PoolError::Terminated);
            }
        })
    }

    fn dismiss(&self) {
        let desks = self.desks.take();
        // Those who cannot be asked have ended.
        desks.iter().for_each(|desk| drop(desk.process.kill()));
        desks.iter().for_each(|desk| drop(desk.process.join()));
    }

    /// The moment that is `timeout` from now.
    pub(super) fn deadline(timeout: Duration) -> u64 {
        P::deadline(timeout)
    }
}
