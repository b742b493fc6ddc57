//! What goes between a pool and its workers.
//!
//! Made and read by `core`, `worker` and `batch`.
//!
//! | message | bytes |
//! |---|---|
//! | a chunk of a call | its number (8), the code to run (8), its arguments |
//! | what became of it | its number (8), a [`Kind`] (1), what there is to say |
//!
//! Arguments and results are a sequence as `postcard` writes it, or the bytes of
//! [numbers].
//!
//! When a worker dies, what it had not put is not there, and nothing is there in part.

use crate::shm::function::{Body, Code};
use crate::shm::{luggage, numbers};
use crate::sys::panics;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

/// What became of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Its results follow.
    Results,
    /// It panicked: the length of the place (4), the place, and what was said follow.
    Panicked,
    /// It has results that cannot be sent, or arguments that could not: why follows.
    Unsendable,
}

/// The results of a chunk, or why there are none.
pub(super) enum Answer<'a> {
    Results(&'a [u8]),
    Panicked { message: &'a str, location: &'a str },
    Unsendable(&'a str),
}

/// The head of a chunk; its arguments follow.
pub(super) fn job(id: u64, code: Code) -> [u8; 16] {
    let mut head = [0; 16];
    head[..8].copy_from_slice(&id.to_ne_bytes());
    head[8..].copy_from_slice(&code.number().to_ne_bytes());
    head
}

/// The number, the code and the arguments of a chunk.
pub(super) fn read_job(letter: &[u8]) -> Option<(u64, Code, &[u8])> {
    let (id, rest) = letter.split_first_chunk()?;
    let (code, arguments) = rest.split_first_chunk()?;
    Some((u64::from_ne_bytes(*id), Code::from_number(u64::from_ne_bytes(*code)), arguments))
}

/// The head of what became of a chunk; 0 is the number of none, and comes from a worker that
/// does not get ready.
pub(super) fn done(id: u64, kind: Kind) -> [u8; 9] {
    let mut head = [0; 9];
    head[..8].copy_from_slice(&id.to_ne_bytes());
    head[8] = kind as u8;
    head
}

/// The number of a chunk and what became of it.
pub(super) fn read_done(letter: &[u8]) -> Option<(u64, Answer<'_>)> {
    let (id, rest) = letter.split_first_chunk()?;
    let (&kind, rest) = rest.split_first()?;
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let answer = if kind == Kind::Results as u8 {
        Answer::Results(rest)
    } else if kind == Kind::Panicked as u8 {
        let (length, rest) = rest.split_first_chunk()?;
        let (location, message) = rest.split_at_checked(u32::from_ne_bytes(*length) as usize)?;
        Answer::Panicked { message: text(message)?, location: text(location)? }
    } else {
        Answer::Unsendable(text(rest)?)
    };
    Some((u64::from_ne_bytes(*id), answer))
}

/// Writes what there is to say of a panic.
pub(super) fn say_panicked(message: &str, location: &str, to: &mut Vec<u8>) -> Kind {
    to.clear();
    to.extend_from_slice(&(location.len() as u32).to_ne_bytes());
    to.extend_from_slice(location.as_bytes());
    to.extend_from_slice(message.as_bytes());
    Kind::Panicked
}

/// Writes why something could not be sent.
pub(super) fn say_unsendable(why: &str, to: &mut Vec<u8>) -> Kind {
    to.clear();
    to.extend_from_slice(why.as_bytes());
    Kind::Unsendable
}

/// A function that is applied to each argument of a chunk.
pub(super) struct Each<F, I, O>(pub(super) F, pub(super) PhantomData<fn(I) -> O>);

impl<F: Copy, I, O> Copy for Each<F, I, O> {}
impl<F: Copy, I, O> Clone for Each<F, I, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, I, O> Body<Kind> for Each<F, I, O>
where
    F: Fn(I) -> O + Copy + 'static,
    I: DeserializeOwned + 'static,
    O: Serialize + 'static,
{
    fn run(self, input: &[u8], output: &mut Vec<u8>) -> Kind {
        let done = if numbers::are::<I>() && numbers::are::<O>() {
            catch(|| self.run_numbers(input, output))
        } else {
            catch(|| self.run_all(input, output))
        };
        match done {
            Ok(Ok(())) => Kind::Results,
            Ok(Err(why)) => say_unsendable(&why, output),
            Err((message, location)) => say_panicked(&message, &location, output),
        }
    }
}

/// How many numbers are made at a time: as many as stay in a processor's own cache.
const SOME: usize = 1024;

impl<F, I, O> Each<F, I, O>
where
    F: Fn(I) -> O,
    I: DeserializeOwned + 'static,
    O: Serialize + 'static,
{
    fn run_all(&self, input: &[u8], output: &mut Vec<u8>) -> Result<(), String> {
        let arguments: Vec<I> = decode(input).map_err(garbled)?;
        let results: Vec<O> = arguments.into_iter().map(&self.0).collect();
        encode(&results, output)
    }

    /// The same a few at a time, so that no memory is taken for all of them.
    fn run_numbers(&self, input: &[u8], output: &mut Vec<u8>) -> Result<(), String> {
        let mut results: Vec<O> = Vec::with_capacity(SOME.min(input.len() / size_of::<I>()));
        for some in input.chunks(SOME * size_of::<I>()) {
            results.clear();
            results.extend(numbers::read(some).ok_or_else(|| garbled(no_numbers(some)))?.map(&self.0));
            encode(&results, output)?;
        }
        Ok(())
    }
}

/// Writes the items as a sequence behind what is there.
fn encode<T: Serialize + 'static>(items: &[T], to: &mut Vec<u8>) -> Result<(), String> {
    if let Some(bytes) = numbers::bytes(items) {
        to.extend_from_slice(bytes);
        return Ok(());
    }
    let written = postcard::to_extend(items, std::mem::take(to));
    *to = written.map_err(|error| luggage::reason(&error))?;
    Ok(())
}

fn decode<T: DeserializeOwned + 'static>(bytes: &[u8]) -> Result<Vec<T>, String> {
    if numbers::are::<T>() {
        let numbers = numbers::read(bytes).map(Iterator::collect);
        return numbers.ok_or_else(|| no_numbers(bytes));
    }
    postcard::from_bytes(bytes).map_err(|error| luggage::reason(&error))
}

fn garbled(why: String) -> String {
    format!("its argument arrived garbled: {why}")
}

fn no_numbers(bytes: &[u8]) -> String {
    format!("{} bytes are no whole numbers", bytes.len())
}

/// The results of a chunk of `count`.
pub(super) fn results<O: DeserializeOwned + 'static>(bytes: &[u8], count: usize) -> Result<Vec<O>, String> {
    let results: Vec<O> = decode(bytes)?;
    // A type that reads itself otherwise than it was written may have made fewer of them.
    if results.len() == count {
        Ok(results)
    } else {
        Err(format!("{} results for {count} arguments", results.len()))
    }
}

/// What is sent of a call, whatever its arguments are.
pub(super) trait Chunks {
    /// The arguments of the chunk at `index`.
    fn chunk(&self, index: usize) -> &[u8];
}

/// The arguments of a call, of which every chunk can be sent.
pub(super) enum Arguments<I> {
    /// They are sent as they lie.
    Numbers { numbers: Vec<I>, chunk: usize },
    /// They are encoded, one chunk behind the other.
    Encoded { bytes: Vec<u8>, ends: Vec<usize> },
}

impl<I: Serialize + 'static> Arguments<I> {
    /// The arguments in chunks of `chunk`; or why one of them cannot be sent.
    pub(super) fn new(arguments: Vec<I>, chunk: usize) -> Result<Self, String> {
        if numbers::are::<I>() {
            return Ok(Arguments::Numbers { numbers: arguments, chunk });
        }
        let total = arguments.len();
        let mut ends = Vec::with_capacity(total.div_ceil(chunk));
        let mut bytes = Vec::with_capacity(16 + 2 * total);
        for start in (0..total).step_by(chunk) {
            encode(&arguments[start..total.min(start.saturating_add(chunk))], &mut bytes)?;
            ends.push(bytes.len());
        }
        Ok(Arguments::Encoded { bytes, ends })
    }
}

impl<I: 'static> Chunks for Arguments<I> {
    fn chunk(&self, index: usize) -> &[u8] {
        match self {
            Arguments::Numbers { numbers, chunk } => {
                let start = index * chunk;
                let chunk = &numbers[start..numbers.len().min(start.saturating_add(*chunk))];
                numbers::bytes(chunk).expect("they were found to be numbers")
            }
            Arguments::Encoded { bytes, ends } => {
                let start = index.checked_sub(1).map_or(0, |before| ends[before]);
                &bytes[start..ends[index]]
            }
        }
    }
}

thread_local! {
    static LOCATION: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Has each panic of this process noted instead of printed. Only a worker that is a process
/// of its own asks for this.
pub(super) fn note_panics() {
    std::panic::set_hook(Box::new(note_place));
}

/// Has the place of each panic of this process noted before the program's own hook is called.
pub(super) fn note_places() {
    static HOOK: Once = Once::new();
    // Who panics cannot change the hook; the next pool will.
    if std::thread::panicking() {
        return;
    }
    HOOK.call_once(|| {
        let own = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            note_place(panic);
            own(panic);
        }));
    });
}

fn note_place(panic: &PanicHookInfo<'_>) {
    LOCATION.set(panic.location().map(ToString::to_string).unwrap_or_default());
}

/// What `body` returns, or what it said as it panicked, and where.
pub(super) fn catch<R>(body: impl FnOnce() -> R) -> Result<R, (String, String)> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| (panics::end(payload), LOCATION.take()))
}
