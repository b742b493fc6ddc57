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

/// A chunk of a call: what to run, and its arguments as a sequence.
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

/// The results of a chunk as a sequence, or why there are none.
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
    fn run(self, input: &[u8]) -> Answer {
        let arguments: Vec<I> = match postcard::from_bytes(input) {
            Ok(arguments) => arguments,
            Err(error) => return Answer::Unsendable(format!("its argument arrived garbled: {error}")),
        };
        match catch(|| arguments.into_iter().map(&self.0).collect::<Vec<O>>()) {
            Ok(results) => match postcard::to_extend(&results, Vec::with_capacity(input.len())) {
                Ok(bytes) => Answer::Results(Bytes(bytes)),
                Err(error) => Answer::Unsendable(error.to_string()),
            },
            Err((message, location)) => Answer::Panicked { message, location },
        }
    }
}

/// The arguments of a chunk as bytes.
pub(super) fn arguments<I: Serialize>(chunk: &[I]) -> Result<Vec<u8>, String> {
    postcard::to_extend(chunk, Vec::with_capacity(16 + 2 * chunk.len())).map_err(|error| error.to_string())
}

/// The results of a chunk of `count`.
pub(super) fn results<O: DeserializeOwned>(bytes: &[u8], count: usize) -> Result<Vec<O>, String> {
    let results: Vec<O> = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
    // A type that reads itself otherwise than it was written may have made fewer of them.
    if results.len() == count {
        Ok(results)
    } else {
        Err(format!("{} results for {count} arguments", results.len()))
    }
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
