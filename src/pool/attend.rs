//! What a pool does while somebody waits for it: results are given to whom they belong, and
//! workers that have ended are replaced.
//!
//! Called by [`Core`] and by every result that somebody waits for.
//!
//! 1. Results are taken before the end of a worker is looked into. So a task that is claimed
//!    by a dead worker, and still out, has no result and never will.
//! 2. Nothing is borrowed while something of the program's is called.
//!
//! When a worker dies, its task fails at once, for whoever waits for anything of this pool,
//! and another worker is started if there may be more to do.

use super::PoolError;
use super::batch::Sink;
use super::core::{Core, Desk, State};
use super::message::{self, Answer};
use super::worker::{READY, UNREADY};
use crate::Error;
use crate::channel::{Source, wait};
use crate::platform::{Io, Site, Tasks};
use crate::process::ExitStatus;
use std::rc::Rc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::fence;
use std::time::Duration;

impl<P: Tasks + Io> Core<P> {
    /// Does what there is to do until `batch` is finished or `deadline` has passed; says
    /// whether it is finished.
    #[track_caller]
    pub(super) fn serve(&self, batch: &dyn Sink, deadline: Option<u64>) -> bool {
        P::on_behalf_of(P::Site::here(), || {
            while !batch.is_finished() {
                match self.attend(deadline, self.wanted()) {
                    Ok(true) => {}
                    Ok(false) => return batch.is_finished(),
                    Err(error) => self.give_up(error),
                }
            }
            true
        })
    }

    /// Does what there is to do next, for somebody who waits for any of several things.
    #[track_caller]
    pub(super) fn attend_once(&self) {
        P::on_behalf_of(P::Site::here(), || {
            if let Err(error) = self.attend(None, self.wanted()) {
                self.give_up(error);
            }
        })
    }

    /// Does what there is to do, waiting for it if there is nothing: for so many results, or
    /// the end of a worker. False if the time was up first.
    pub(super) fn attend(&self, deadline: Option<u64>, results: usize) -> Result<bool, PoolError> {
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

    /// Waits until a worker rings, or ends; says which of them did: first the places of those
    /// who rang or ended, then those of who surely ended, counted on behind the last desk.
    ///
    /// The end of a bell's pipe is not enough: a child that a task has forked by itself has a
    /// copy of the other end, and may live for longer than the worker.
    fn sleep(&self, deadline: Option<u64>) -> Result<Vec<usize>, Error> {
        let desks = self.desks.borrow();
        let bells = desks.iter().map(|desk| Source::from(&desk.bell));
        // Workers that are fibers have no sentinel, and no children that could have a bell.
        let sentinels = desks.iter().map_while(|desk| desk.process.sentinel().ok().map(Source::from));
        let sources: Vec<Source<'_>> = bells.chain(sentinels).collect();
        let left = deadline.map(|deadline| Duration::from_nanos(deadline.saturating_sub(P::now())));
        wait::<P>(&sources, left)
    }

    /// Takes out the desks whose workers have ended.
    fn ended(&self, ready: &[usize]) -> Vec<Desk<P>> {
        let mut desks = self.desks.borrow_mut();
        let count = desks.len();
        let mut ended: Vec<usize> = Vec::new();
        for &place in ready {
            if place >= count {
                ended.push(place - count);
            } else if desks[place].bell.recv_bytes(8).is_err() {
                ended.push(place);
            }
        }
        ended.sort_unstable();
        ended.dedup();
        ended.into_iter().rev().map(|place| desks.remove(place)).collect()
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
            UNREADY if drained => {}
            UNREADY => self.barren.set(self.barren.get() + 1),
            READY => self.barren.set(0),
            id => {
                self.barren.set(0);
                // Of a task that is not out any more, nothing is written off.
                let end = end(&status);
                self.settle(id, Err(PoolError::WorkerLost { pid, end }));
            }
        }
        if self.barren.get() > 10 + 2 * self.plan.workers {
            let why = format!(
                "{} workers in a row ended before they were ready, the last: {}",
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
