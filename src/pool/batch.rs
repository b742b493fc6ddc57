//! The chunks of one call, and what has come back of them.
//!
//! Made by [`Pool`](super::Pool), filled by `core`, read through
//! [`AsyncResult`](super::AsyncResult) and [`Imap`](super::Imap).
//!
//! | state | `gathered` | `outcome` |
//! |---|---|---|
//! | running | what has come; some is missing | none |
//! | finished | none | the results, or the first error |
//! | taken | none | none |
//!
//! 1. A chunk is settled once; what comes for it later is thrown away.
//! 2. A batch is finished when all of its chunks are settled, also if one of them failed.
//! 3. The callback is called once, when the batch is finished, and while the pool is not
//!    borrowed: it may use it.
//! 4. Numbers are put in their place at once, where they lie in the end; anything else is kept
//!    as it comes and put together when all is there.
//!
//! When a worker dies, the chunk that it was at is settled with that error.

use super::PoolError;
use super::message::{self, Answer};
use crate::shm::numbers::{self, Pieces};
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};

/// What a pool knows of a batch.
pub(super) trait Sink {
    /// Settles a chunk, unless it is.
    fn settle(&self, chunk: usize, answer: Result<Answer<'_>, PoolError>);
    /// Settles a chunk with results that need only be put in their place, calling nothing of
    /// the program's; false if that is not so. Whoever calls this [finishes](Sink::finish) the
    /// batch if that was all.
    fn place(&self, chunk: usize, results: &[u8]) -> bool;
    /// Puts the results of a batch together of which every chunk is settled, once.
    fn finish(&self);
    /// How many chunks are not settled.
    fn missing(&self) -> usize;
    /// Whether every chunk is settled.
    fn is_finished(&self) -> bool {
        self.missing() == 0
    }
}

pub(super) type Callback<R> = Box<dyn FnOnce(Result<&R, &PoolError>)>;

/// What has come of a batch.
enum Gathered<O> {
    Numbers(Pieces<O>),
    Others(Vec<Option<Vec<O>>>),
}

impl<O: 'static> Gathered<O> {
    fn new(total: usize, chunk: usize) -> Self {
        let others = || Gathered::Others((0..total.div_ceil(chunk)).map(|_| None).collect());
        Pieces::new(total, chunk).map_or_else(others, Gathered::Numbers)
    }

    fn keep(&mut self, chunk: usize, elements: Vec<O>) {
        match self {
            Gathered::Numbers(pieces) => {
                let bytes = numbers::bytes(&elements).unwrap_or_default();
                let placed = pieces.place(chunk, bytes);
                debug_assert!(placed, "it was marked as settled just now");
            }
            Gathered::Others(chunks) => chunks[chunk] = Some(elements),
        }
    }

    /// All elements in their order.
    fn whole(self, total: usize) -> Vec<O> {
        match self {
            Gathered::Numbers(pieces) => pieces.whole().expect("every chunk has come, and none failed"),
            Gathered::Others(chunks) => {
                let mut elements = Vec::with_capacity(total);
                chunks.into_iter().flatten().for_each(|chunk| elements.extend(chunk));
                elements
            }
        }
    }
}

/// A batch whose elements are `O`s, and come to an `R` in the end.
pub(super) struct Batch<O, R> {
    /// How many elements each chunk has but the last, which has the rest of `total`.
    chunk: usize,
    total: usize,
    gathered: RefCell<Option<Gathered<O>>>,
    missing: Cell<usize>,
    /// Which chunks are settled.
    settled: RefCell<Vec<bool>>,
    error: RefCell<Option<PoolError>>,
    gather: fn(Vec<O>) -> R,
    pub(super) outcome: RefCell<Option<Result<R, PoolError>>>,
    success: Cell<bool>,
    callback: Cell<Option<Callback<R>>>,
}

impl<O: 'static, R> Batch<O, R> {
    pub(super) fn new(
        total: usize,
        chunk: usize,
        gather: fn(Vec<O>) -> R,
        callback: Option<Callback<R>>,
    ) -> Self {
        let count = total.div_ceil(chunk);
        let batch = Batch {
            chunk,
            total,
            gathered: RefCell::new(Some(Gathered::new(total, chunk))),
            missing: Cell::new(count),
            settled: RefCell::new(vec![false; count]),
            error: RefCell::new(None),
            gather,
            outcome: RefCell::new(None),
            success: Cell::new(false),
            callback: Cell::new(callback),
        };
        if count == 0 {
            batch.conclude();
        }
        batch
    }

    /// Whether it finished without an error.
    pub(super) fn was_successful(&self) -> bool {
        self.success.get()
    }

    /// How many elements a chunk has.
    fn count(&self, chunk: usize) -> usize {
        self.chunk.min(self.total - chunk * self.chunk)
    }

    /// Settles a chunk; false if it was, or there is none.
    fn mark(&self, chunk: usize) -> bool {
        let new =
            self.settled.borrow_mut().get_mut(chunk).is_some_and(|settled| !std::mem::replace(settled, true));
        self.missing.set(self.missing.get() - usize::from(new));
        new
    }

    fn conclude(&self) {
        let Some(gathered) = self.gathered.take() else { return };
        let outcome = match self.error.take() {
            Some(error) => Err(error),
            None => Ok((self.gather)(gathered.whole(self.total))),
        };
        self.success.set(outcome.is_ok());
        if let Some(callback) = self.callback.take() {
            callback(outcome.as_ref());
        }
        *self.outcome.borrow_mut() = Some(outcome);
    }
}

impl<O: DeserializeOwned + 'static, R> Sink for Batch<O, R> {
    fn settle(&self, chunk: usize, answer: Result<Answer<'_>, PoolError>) {
        if !self.mark(chunk) {
            return;
        }
        match answer.and_then(|answer| elements(answer, self.count(chunk))) {
            Ok(elements) => {
                if let Some(gathered) = &mut *self.gathered.borrow_mut() {
                    gathered.keep(chunk, elements);
                }
            }
            Err(error) => drop(self.error.borrow_mut().get_or_insert(error)),
        }
        if self.missing.get() == 0 {
            self.conclude();
        }
    }

    fn place(&self, chunk: usize, results: &[u8]) -> bool {
        let mut gathered = self.gathered.borrow_mut();
        let Some(Gathered::Numbers(pieces)) = &mut *gathered else { return false };
        pieces.place(chunk, results) && self.mark(chunk)
    }

    fn finish(&self) {
        self.conclude();
    }

    fn missing(&self) -> usize {
        self.missing.get()
    }
}

/// The results in an answer that has `count` of them.
fn elements<O: DeserializeOwned + 'static>(answer: Answer<'_>, count: usize) -> Result<Vec<O>, PoolError> {
    match answer {
        Answer::Results(bytes) => message::results(bytes, count).map_err(|why| PoolError::Result { why }),
        Answer::Panicked { message, location } => {
            Err(PoolError::Panicked { message: message.to_owned(), location: location.to_owned() })
        }
        Answer::Unsendable(why) => Err(PoolError::Result { why: why.to_owned() }),
    }
}
