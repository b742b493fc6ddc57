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
//! 2. Results are taken before the end of a worker is looked into. So a task that is claimed
//!    by a dead worker, and still out, has no result and never will.
//! 3. Nothing is borrowed while something of the program's is called.
//!
//! When a worker dies, its task fails at once, for whoever waits for anything of this pool,
//! and another worker is started if there may be more to do.

use super::PoolError;
use super::batch::Sink;
use super::message::{self, Answer, Chunks};
use super::worker::{Initializer, NEVER, Worker};
use crate::Error;
use crate::channel::{ByteQueue, Connection, PutError, Queue, Source, pipe, wait};
use crate::platform::{Io, Tasks};
use crate::process::{self, ExitStatus, Process};
use crate::shm::Shared;
use crate::shm::function::Code;
use crate::sync::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::fence;
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
struct Desk<P: Tasks + Io> {
    process: Process<P>,
    claim: Shared<Value<u64, P>, P>,
    bell: Connection<P>,
}

pub(super) struct Core<P: Tasks + Io> {
    plan: Plan,
    /// The process that made it.
    owner: u32,
    tasks: ByteQueue<P>,
    results: ByteQueue<P>,
    /// See [`worker`](super::worker).
    awaited: Shared<Value<u32, P>, P>,
    desks: RefCell<Vec<Desk<P>>>,
    /// The batches that are out, by the number of their first task.
    batches: RefCell<BTreeMap<u64, Rc<dyn Sink>>>,
    next: Cell<u64>,
    state: Cell<State>,
    /// How many workers in a row have ended without having begun anything.
    barren: Cell<usize>,
    broken: RefCell<Option<PoolError>>,
    /// Memory for a message, used again and again.
    letter: Cell<Vec<u8>>,
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
    fn hire(&self) -> Result<(), Error> {
        let claim = Shared::try_new(Value::new(NEVER))?;
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
    pub(super) fn submit(
        &self,
        batch: Rc<dyn Sink>,
        code: Code,
        arguments: &dyn Chunks,
    ) -> Result<(), PoolError> {
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
    }

    /// How many results must come before any batch can be finished, within limits: no sooner
    /// is there anything to do for the pool.
    fn wanted(&self) -> usize {
        let mut wanted = AT_ONCE;
        for batch in self.batches.borrow().values() {
            wanted = wanted.min(batch.missing());
            if wanted <= 1 {
                break;
            }
        }
        wanted.max(1)
    }

    /// Does what there is to do until `batch` is finished or `deadline` has passed; says
    /// whether it is finished.
    pub(super) fn serve(&self, batch: &dyn Sink, deadline: Option<u64>) -> bool {
        while !batch.is_finished() {
            match self.attend(deadline, self.wanted()) {
                Ok(true) => {}
                Ok(false) => return batch.is_finished(),
                Err(error) => self.give_up(error),
            }
        }
        true
    }

    /// Does what there is to do next, for somebody who waits for any of several things.
    pub(super) fn attend_once(&self) {
        if let Err(error) = self.attend(None, self.wanted()) {
            self.give_up(error);
        }
    }

    /// Does what there is to do, waiting for it if there is nothing: for so many results, or
    /// the end of a worker. False if the time was up first.
    fn attend(&self, deadline: Option<u64>, results: usize) -> Result<bool, PoolError> {
        self.check_owner()?;
        if self.collect() {
            return Ok(true);
        }
        self.awaited.set(results as u32);
        fence(SeqCst);
        let came = self.collect();
        let ready = if came { Ok(Vec::new()) } else { self.sleep(deadline) };
        self.awaited.set(0);
        let ended = self.ended(&ready.map_err(refused)?);
        let came = self.collect() || came;
        let any = came || !ended.is_empty();
        for desk in ended {
            self.replace(desk);
        }
        Ok(any || deadline.is_none_or(|deadline| P::now() < deadline))
    }

    /// Waits until a worker rings, or ends.
    fn sleep(&self, deadline: Option<u64>) -> Result<Vec<usize>, Error> {
        let desks = self.desks.borrow();
        let sources: Vec<Source<'_>> = desks.iter().map(|desk| Source::from(&desk.bell)).collect();
        let left = deadline.map(|deadline| Duration::from_nanos(deadline.saturating_sub(P::now())));
        wait::<P>(&sources, left)
    }

    /// Takes out the desks whose workers have ended.
    fn ended(&self, ready: &[usize]) -> Vec<Desk<P>> {
        let mut desks = self.desks.borrow_mut();
        let mut ended = Vec::new();
        for &place in ready.iter().rev() {
            if desks[place].bell.recv_bytes(8).is_err() {
                ended.push(desks.remove(place));
            }
        }
        ended
    }

    /// Takes all results that have come; says whether there were any.
    fn collect(&self) -> bool {
        let mut letter = self.letter.take();
        let mut any = false;
        loop {
            // Where no code of the program's is called, what came is not copied before it is
            // looked at.
            let read = |bytes: &[u8]| {
                let placed = message::read_done(bytes).and_then(|(id, answer)| self.place(id, &answer));
                if placed.is_none() {
                    letter.clear();
                    letter.extend_from_slice(bytes);
                }
                placed
            };
            let Ok(placed) = self.results.read_within(Some(Duration::ZERO), read) else {
                self.letter.set(letter);
                return any;
            };
            any = true;
            if let Some((first, batch)) = placed {
                self.barren.set(0);
                if batch.is_finished() {
                    batch.finish();
                    self.batches.borrow_mut().remove(&first);
                }
                continue;
            }
            match message::read_done(&letter) {
                Some((0, answer)) => {
                    let why = match answer {
                        Answer::Panicked { message, location: "" } => message.to_owned(),
                        Answer::Panicked { message, location } => format!("{message} (at {location})"),
                        _ => "its initializer failed".to_owned(),
                    };
                    self.give_up(PoolError::NotReady { why });
                }
                Some((id, answer)) => {
                    self.barren.set(0);
                    self.settle(id, Ok(answer));
                }
                // What makes no sense was not put by a worker.
                None => {}
            }
        }
    }

    /// The batch that the task `id` belongs to, and the number of its first, if it is out.
    fn batch_of(&self, id: u64) -> Option<(u64, Rc<dyn Sink>)> {
        let batches = self.batches.borrow();
        batches.range(..=id).next_back().map(|(first, batch)| (*first, Rc::clone(batch)))
    }

    /// Puts results where they are wanted, if that is all there is to do.
    fn place(&self, id: u64, answer: &Answer<'_>) -> Option<(u64, Rc<dyn Sink>)> {
        let Answer::Results(results) = answer else { return None };
        let (first, batch) = self.batch_of(id)?;
        batch.place((id - first) as usize, results).then_some((first, batch))
    }

    fn settle(&self, id: u64, answer: Result<Answer<'_>, PoolError>) {
        let Some((first, batch)) = self.batch_of(id) else { return };
        batch.settle((id - first) as usize, answer);
        if batch.is_finished() {
            self.batches.borrow_mut().remove(&first);
        }
    }

    /// Learns how a worker ended, writes off what it was at, and starts another one.
    fn replace(&self, desk: Desk<P>) {
        let pid = desk.process.pid().unwrap_or_default();
        let status = desk.process.join();
        // Then another one would find nothing to do: what is out is with those that work.
        let drained = self.state.get() == State::Closed && self.tasks.is_empty();
        match desk.claim.get() {
            NEVER if drained => {}
            NEVER => self.barren.set(self.barren.get() + 1),
            id => {
                self.barren.set(0);
                // Of a task that is not out any more, nothing is written off.
                let end = end(&status);
                self.settle(id, Err(PoolError::WorkerLost { pid, end }));
            }
        }
        if self.barren.get() > 10 + 2 * self.plan.workers {
            let why = format!(
                "{} workers in a row ended before their first task, the last: {}",
                self.barren.get(),
                end(&status)
            );
            self.give_up(PoolError::NotReady { why });
        }
        let needed = match self.state.get() {
            State::Open => self.broken.borrow().is_none(),
            State::Closed => !drained && !self.batches.borrow().is_empty(),
            State::Over => false,
        };
        if needed
            && let Err(error) = self.hire()
            && self.desks.borrow().is_empty()
        {
            self.give_up(refused(error));
        }
    }

    fn broken(&self) -> Option<PoolError> {
        self.broken.borrow().clone()
    }

    /// Fails everything that is out, and whatever will be asked for.
    fn give_up(&self, error: PoolError) {
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
    pub(super) fn close(&self) {
        if self.state.get() == State::Open && self.check_owner().is_ok() {
            self.state.set(State::Closed);
            self.tasks.close();
        }
    }

    /// Waits until all that is out is done and the workers have ended.
    pub(super) fn join(&self) {
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
    }

    /// Ends the workers, whatever they do.
    pub(super) fn terminate(&self) {
        if self.check_owner().is_ok() && self.state.replace(State::Over) != State::Over {
            self.tasks.close();
            self.dismiss();
            self.fail_all(&PoolError::Terminated);
        }
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

fn end(status: &Result<ExitStatus, Error>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

fn refused(error: Error) -> PoolError {
    PoolError::NotReady { why: error.to_string() }
}
