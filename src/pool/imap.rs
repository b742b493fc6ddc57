//! Results one after the other, as they come.
//!
//! Made by [`Pool::imap`](super::Pool::imap) and
//! [`imap_unordered`](super::Pool::imap_unordered).
//!
//! 1. Arguments are taken from their iterator only as results are asked for: no more than
//!    four chunks for each worker are ahead.
//! 2. There is one result or error for each argument. If a chunk fails, each of its arguments
//!    has that error.
//!
//! When a worker dies, the arguments of the chunk that it was at have that error, and the
//! others their results.

use super::PoolError;
use super::batch::{Batch, Sink};
use super::core::{Core, State};
use super::message::Arguments;
use crate::platform::{Io, Native, Site, Tasks};
use crate::shm::function::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

/// How many chunks for each worker are ahead of who asks.
pub(super) const AHEAD: usize = 4;

struct Out<O> {
    batch: Rc<Batch<O, Vec<O>>>,
    count: usize,
}

/// The results of [`Pool::imap`](super::Pool::imap), in the order of their arguments.
pub struct Imap<T, O, P: Tasks + Io = Native> {
    core: Rc<Core<P>>,
    code: Code,
    arguments: T,
    chunk: usize,
    out: VecDeque<Out<O>>,
    ready: VecDeque<Result<O, PoolError>>,
    ordered: bool,
    /// Where it was made.
    site: P::Site,
}

/// The results of [`Pool::imap_unordered`](super::Pool::imap_unordered), as they come.
pub struct ImapUnordered<T, O, P: Tasks + Io = Native>(Imap<T, O, P>);

impl<T, O, P> Imap<T, O, P>
where
    T: Iterator<Item: Serialize + 'static>,
    O: DeserializeOwned + 'static,
    P: Tasks + Io,
{
    #[track_caller]
    pub(super) fn new(core: Rc<Core<P>>, code: Code, arguments: T, chunk: usize) -> Self {
        Imap {
            core,
            code,
            arguments,
            chunk,
            out: VecDeque::new(),
            ready: VecDeque::new(),
            ordered: true,
            site: P::Site::here(),
        }
    }

    pub(super) fn unordered(mut self) -> ImapUnordered<T, O, P> {
        self.ordered = false;
        ImapUnordered(self)
    }

    /// Gives out chunks while there are arguments and few are out.
    fn feed(&mut self) {
        while self.out.len() < AHEAD * self.core.workers() && self.core.state() == State::Open {
            let arguments: Vec<T::Item> = self.arguments.by_ref().take(self.chunk).collect();
            let count = arguments.len();
            if count == 0 {
                return;
            }
            let batch = Rc::new(Batch::new(count, count, |elements| elements, None));
            let submitted = match Arguments::new(arguments, count) {
                Ok(arguments) => self.core.submit(Rc::clone(&batch) as Rc<dyn Sink>, self.code, &arguments),
                Err(why) => Err(PoolError::Argument { why }),
            };
            if let Err(error) = submitted {
                batch.settle(0, Err(error));
            }
            self.out.push_back(Out { batch, count });
        }
    }

    /// Puts the results of the chunk whose turn it is where they are taken from.
    fn refill(&mut self) {
        self.feed();
        let Some(Out { batch, count }) = self.fetch() else { return };
        match batch.outcome.borrow_mut().take().unwrap_or(Err(PoolError::Taken)) {
            Ok(results) => self.ready.extend(results.into_iter().map(Ok)),
            Err(error) => self.ready.extend((0..count).map(|_| Err(error.clone()))),
        }
    }

    /// Waits for the chunk whose turn it is, and takes it out.
    fn fetch(&mut self) -> Option<Out<O>> {
        let first = self.out.front()?;
        if self.ordered {
            self.core.serve(&*first.batch, None);
            return self.out.pop_front();
        }
        loop {
            if let Some(place) = self.out.iter().position(|out| out.batch.is_finished()) {
                return self.out.remove(place);
            }
            self.core.attend_once();
        }
    }
}

impl<T, O, P> Iterator for Imap<T, O, P>
where
    T: Iterator<Item: Serialize + 'static>,
    O: DeserializeOwned + 'static,
    P: Tasks + Io,
{
    type Item = Result<O, PoolError>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty() {
            let here = P::Site::here();
            // Who asks may be a method of std's.
            P::on_behalf_of(self.site, || P::on_behalf_of(here, || self.refill()));
        }
        self.ready.pop_front()
    }
}

impl<T, O, P> Iterator for ImapUnordered<T, O, P>
where
    T: Iterator<Item: Serialize + 'static>,
    O: DeserializeOwned + 'static,
    P: Tasks + Io,
{
    type Item = Result<O, PoolError>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl<T, O, P: Tasks + Io> fmt::Debug for Imap<T, O, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap").field("chunk", &self.chunk).finish_non_exhaustive()
    }
}

impl<T, O, P: Tasks + Io> fmt::Debug for ImapUnordered<T, O, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapUnordered").field("chunk", &self.0.chunk).finish_non_exhaustive()
    }
}
