//! The chunks of one call, and what has come back of them.
//!
//! Made by [`Pool`](super::Pool), filled by `core`, read through
//! [`AsyncResult`](super::AsyncResult) and [`Imap`](super::Imap).
//!
//! | state | `chunks` | `outcome` |
//! |---|---|---|
//! | running | some are missing | none |
//! | finished | emptied | the results, or the first error |
//! | taken | empty | none |
//!
//! 1. A chunk is settled once; what comes for it later is thrown away.
//! 2. A batch is finished when all of its chunks are settled, also if one of them failed.
//! 3. The callback is called once, when the batch is finished, and while the pool is not
//!    borrowed: it may use it.
//!
//! When a worker dies, the chunk that it was at is settled with that error.

use super::PoolError;
use super::message::{self, Answer};
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};

/// What a pool knows of a batch.
pub(super) trait Sink {
    /// Settles a chunk, unless it is.
    fn settle(&self, chunk: usize, answer: Result<Answer<'_>, PoolError>);
    /// How many chunks are not settled.
    fn missing(&self) -> usize;
    /// Whether every chunk is settled.
    fn is_finished(&self) -> bool {
        self.missing() == 0
    }
}

pub(super) type Callback<R> = Box<dyn FnOnce(Result<&R, &PoolError>)>;

/// A batch whose elements are `O`s, and come to an `R` in the end.
pub(super) struct Batch<O, R> {
    /// How many elements each chunk has but the last, which has the rest of `total`.
    chunk: usize,
    total: usize,
    chunks: RefCell<Vec<Option<Vec<O>>>>,
    missing: Cell<usize>,
    /// Which chunks are settled.
    settled: RefCell<Vec<bool>>,
    error: RefCell<Option<PoolError>>,
    gather: fn(Vec<O>) -> R,
    pub(super) outcome: RefCell<Option<Result<R, PoolError>>>,
    success: Cell<bool>,
    callback: Cell<Option<Callback<R>>>,
}

impl<O, R> Batch<O, R> {
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
            chunks: RefCell::new((0..count).map(|_| None).collect()),
            missing: Cell::new(count),
            settled: RefCell::new(vec![false; count]),
            error: RefCell::new(None),
            gather,
            outcome: RefCell::new(None),
            success: Cell::new(false),
            callback: Cell::new(callback),
        };
        if count == 0 {
            batch.finish();
        }
        batch
    }

    /// Whether it finished without an error.
    pub(super) fn was_successful(&self) -> bool {
        self.success.get()
    }

    fn finish(&self) {
        let chunks = self.chunks.take();
        let outcome = match self.error.take() {
            Some(error) => Err(error),
            None => {
                let mut elements = Vec::with_capacity(self.total);
                chunks.into_iter().flatten().for_each(|chunk| elements.extend(chunk));
                Ok((self.gather)(elements))
            }
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
        match self.settled.borrow_mut().get_mut(chunk) {
            Some(settled) if !*settled => *settled = true,
            _ => return,
        }
        let count = self.chunk.min(self.total - chunk * self.chunk);
        match answer.and_then(|answer| elements(answer, count)) {
            Ok(elements) => self.chunks.borrow_mut()[chunk] = Some(elements),
            Err(error) => {
                self.error.borrow_mut().get_or_insert(error);
            }
        }
        self.missing.set(self.missing.get() - 1);
        if self.missing.get() == 0 {
            self.finish();
        }
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
