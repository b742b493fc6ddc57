//! What goes between a pool and its workers.
//!
//! Made and read by `core`, `worker` and `batch`.
//!
//! When a worker dies, what it had not put is not there, and nothing is there in part.

use crate::shm::function::{Body, Code};
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A chunk of a call: what to run, and its arguments, one after the other.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) code: Code,
    pub(super) input: Bytes,
}

/// What became of a chunk.
#[derive(Serialize, Deserialize)]
pub(super) struct Done {
    /// The number of the chunk; 0 from a worker that does not get ready.
    pub(super) id: u64,
    pub(super) answer: Answer,
}

/// The results of a chunk, one after the other, or why there are none.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    Results(Bytes),
    Panicked { message: String, location: String },
    Unsendable(String),
}

/// Bytes, written at once and not one by one.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Whole)
    }
}

/// A function that is applied to each argument of a chunk.
pub(super) struct Each<F, I, O>(pub(super) F, pub(super) PhantomData<fn(I) -> O>);

impl<F: Copy, I, O> Copy for Each<F, I, O> {}
impl<F: Copy, I, O> Clone for Each<F, I, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, I, O> Body<Answer> for Each<F, I, O>
where
    F: Fn(I) -> O + Copy + 'static,
    I: DeserializeOwned + 'static,
    O: Serialize + 'static,
{
    fn run(self, mut input: &[u8]) -> Answer {
        let mut results = Vec::with_capacity(input.len());
        while let [count, rest @ ..] = input {
            // Each argument is preceded by a byte, so that one without bytes counts, too.
            debug_assert_eq!(*count, MARK);
            let (argument, rest) = match postcard::take_from_bytes::<I>(rest) {
                Ok(taken) => taken,
                Err(error) => return Answer::Unsendable(format!("its argument arrived garbled: {error}")),
            };
            input = rest;
            match catch(|| (self.0)(argument)) {
                Ok(result) => match postcard::to_extend(&result, std::mem::take(&mut results)) {
                    Ok(more) => results = more,
                    Err(error) => return Answer::Unsendable(error.to_string()),
                },
                Err((message, location)) => return Answer::Panicked { message, location },
            }
        }
        Answer::Results(Bytes(results))
    }
}

const MARK: u8 = 1;

/// Adds an argument to a chunk.
pub(super) fn add<I: Serialize>(chunk: Vec<u8>, argument: &I) -> Result<Vec<u8>, String> {
    postcard::to_extend(&(MARK, argument), chunk).map_err(|error| error.to_string())
}

/// The results of a chunk of `count`.
pub(super) fn results<O: DeserializeOwned>(mut bytes: &[u8], count: usize) -> Result<Vec<O>, String> {
    let mut results = Vec::with_capacity(count);
    for _ in 0..count {
        let (result, rest) = postcard::take_from_bytes(bytes).map_err(|error| error.to_string())?;
        results.push(result);
        bytes = rest;
    }
    Ok(results)
}

thread_local! {
    static LOCATION: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Has each panic of this process noted instead of printed. Only a worker that is a process
/// of its own asks for this.
pub(super) fn note_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        LOCATION.set(location);
    }));
}

/// What `body` returns, or what it said as it panicked, and where.
pub(super) fn catch<R>(body: impl FnOnce() -> R) -> Result<R, (String, String)> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| (text(&*payload), LOCATION.take()))
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
