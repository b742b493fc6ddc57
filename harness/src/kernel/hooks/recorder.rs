//! The operations of a program, written down as they happen.
//!
//! Used by programs whose histories are judged. It lies in the memory that the tasks
//! share; an operation takes one entry, which its task alone writes.
//!
//! | `began` | `ended` | the entry |
//! |---|---|---|
//! | 0 | 0 | nobody's, or its operation is about to begin |
//! | t | 0 | its operation has begun at t and not returned |
//! | t | u | its operation has returned at u; `ret` holds what |
//!
//! 1. Call and return are steps of the schedule: what others do between two operations
//!    is between them in the history as well. Two calls commute, a return commutes with
//!    nothing, so that reduction keeps every order that a judge can tell apart.
//! 2. `op` is complete before `began`, `ret` before `ended`.
//! 3. Times are those of [`moment`], none of which is 0; under a scheduler
//!    they are the numbers of the steps in which call and return were taken.
//!
//! Orderings: `began` and `ended` are written with release and read with acquire, which
//! is what invariant 2 takes where tasks are real and unscheduled; entries are counted
//! relaxed, since nothing is read through the count. A fence on either side of an operation keeps
//! it between its times: a processor holds a relaxed write back beyond the look at the clock.
//!
//! When a process dies here, its entry stays as it is: if it has begun, the operation is
//! one that a kill cut off, or one without an end if nobody killed the process.

use super::moment;
use super::visible::{visible, visible_value};
use crate::judge::linear::{History, Judgement, Model, Options, explain, judge};
use selvedge::platform::Kind;
use selvedge::shm::Shareable;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::panic::{Location, resume_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// Words of an operation or a result, encoded; the first byte is their length.
const WORDS: usize = 8;

/// Bytes that there is room for.
const ROOM: usize = WORDS * 8 - 1;

/// An operation or a result.
#[repr(C)]
struct Bytes([AtomicU64; WORDS]);

/// One operation.
#[repr(C)]
struct Entry {
    client: AtomicU32,
    began: AtomicU64,
    ended: AtomicU64,
    op: Bytes,
    ret: Bytes,
}

/// Records up to `N` operations of type `O` and what they return, of type `R`, for a
/// judge; part of the state of a program.
///
/// Both are encoded with serde into at most 63 bytes each: numbers, short strings and
/// enums of such.
///
/// ```
/// use selvedge_harness::prelude::*;
/// use selvedge_harness::judge::linear::spec::{Register, RegisterOp, RegisterRet};
///
/// shareable! {
///     struct Cell { value: Value<i64>, history: Recorder<RegisterOp, RegisterRet> }
/// }
///
/// let report = Program::new("cell", || Cell { value: Value::new(0), history: Recorder::new() })
///     .task("writer", |cell| {
///         cell.history.call(RegisterOp::Write(7), || {
///             cell.value.set(7);
///             RegisterRet::Done
///         });
///     })
///     .task("reader", |cell| {
///         cell.history.call(RegisterOp::Read, || match cell.value.get() {
///             0 => RegisterRet::Value(None),
///             value => RegisterRet::Value(Some(value)),
///         });
///     })
///     .linearizable(Register, |cell| &cell.history)
///     .explore(&Config::default().exhaust())?;
/// assert!(report.tally.complete);
/// # Ok::<(), selvedge_harness::Error>(())
/// ```
#[repr(C)]
pub struct Recorder<O, R, const N: usize = 64> {
    taken: AtomicU32,
    entries: [Entry; N],
    types: PhantomData<fn(O) -> R>,
}

// SAFETY: words without an address among them; the types are only decoded from them.
unsafe impl<O: 'static, R: 'static, const N: usize> Shareable for Recorder<O, R, N> {}

/// What is thrown instead of a plain panic, for the engines.
pub(crate) enum Judged {
    /// The history cannot be explained.
    Broken(String, &'static Location<'static>),
    /// Nobody knows.
    Undecided(String),
    /// Nobody can know: what the program runs in refused it something.
    Refused(String),
}

impl Judged {
    /// The same, said at `site`.
    pub(crate) fn at(self, site: &'static Location<'static>) -> Judged {
        match self {
            Judged::Broken(text, _) => Judged::Broken(text, site),
            undecided => undecided,
        }
    }
}

impl<O, R, const N: usize> Default for Recorder<O, R, N> {
    fn default() -> Recorder<O, R, N> {
        Recorder::new()
    }
}

impl<O, R, const N: usize> Recorder<O, R, N> {
    /// One that has recorded nothing.
    pub const fn new() -> Recorder<O, R, N> {
        Recorder {
            taken: AtomicU32::new(0),
            entries: [const {
                Entry {
                    client: AtomicU32::new(0),
                    began: AtomicU64::new(0),
                    ended: AtomicU64::new(0),
                    op: Bytes::empty(),
                    ret: Bytes::empty(),
                }
            }; N],
            types: PhantomData,
        }
    }
}

impl<O, R, const N: usize> Recorder<O, R, N>
where
    O: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
{
    /// Runs `body`, which does `op`, and records both with their times: a step when it
    /// begins, `body`, a step when it has returned.
    ///
    /// # Panics
    /// If there is no room for another operation, or for one as large as this.
    #[track_caller]
    pub fn call(&self, op: O, body: impl FnOnce() -> R) -> R {
        let number = self.taken.fetch_add(1, Ordering::Relaxed) as usize;
        let Some(entry) = self.entries.get(number) else {
            panic!("this recorder has room for {N} operations; declare it as Recorder<_, _, {}>", N * 2)
        };
        entry.op.set(&op, "the operation");
        entry.client.store(moment::client(), Ordering::Relaxed);
        let object = std::ptr::from_ref(self) as usize;
        let begin = || {
            entry.began.store(moment::now(), Ordering::Release);
            fence(Ordering::SeqCst);
        };
        visible_value(Kind::Read, "call", object, begin, |()| number as u64);
        let ret = body();
        entry.ret.set(&ret, "the result");
        let end = || {
            fence(Ordering::SeqCst);
            entry.ended.store(moment::now(), Ordering::Release);
        };
        visible(Kind::Write, "return", object, end);
        ret
    }

    /// What was recorded so far. An operation that has not returned is open, or killed
    /// if its task was killed; in the order in which they began.
    #[must_use]
    pub fn history(&self) -> History<O, R> {
        let kills = moment::kills();
        let mut entries: Vec<(u64, &Entry)> =
            self.entries.iter().map(|entry| (entry.began.load(Ordering::Acquire), entry)).collect();
        entries.retain(|(began, _)| *began > 0);
        entries.sort_by_key(|(began, _)| *began);
        let mut history = History::new();
        for (began, entry) in entries {
            let client = entry.client.load(Ordering::Relaxed);
            let number = history.call(client as usize, entry.op.get(), began);
            let ended = entry.ended.load(Ordering::Acquire);
            let kill = kills.iter().find(|(victim, _)| *victim == client);
            match (ended, kill) {
                (0, Some((_, time))) => history.killed(number, *time),
                (0, None) => {}
                (at, _) => history.returned(number, entry.ret.get(), at),
            }
        }
        history
    }

    /// The tasks that were killed in this execution, with the time on the clock of the
    /// [`history`](Recorder::history): also those that were killed between two operations.
    #[must_use]
    pub fn deaths(&self) -> Vec<(usize, u64)> {
        moment::kills().into_iter().map(|(victim, time)| (victim as usize, time)).collect()
    }

    /// Panics if no order of the recorded operations explains what they returned. For
    /// the end of a program that starts its tasks itself; one that declares them says
    /// [`linearizable`](crate::Program::linearizable). Where nobody can tell in time, the
    /// execution counts as inconclusive.
    ///
    /// # Panics
    /// If so.
    #[track_caller]
    pub fn assert_linearizable<M: Model<Op = O, Ret = R>>(&self, model: &M) {
        match self.judged(model, &Options::default(), &|task| format!("task {task}")) {
            None => {}
            Some(Judged::Broken(text, _)) => panic!("{text}"),
            Some(undecided) => resume_unwind(Box::new(undecided)),
        }
    }

    /// What is wrong with the history, if anything is.
    #[track_caller]
    pub(crate) fn judged<M: Model<Op = O, Ret = R>>(
        &self,
        model: &M,
        options: &Options,
        who: &dyn Fn(usize) -> String,
    ) -> Option<Judged> {
        let history = self.history();
        match judge(model, &history, options) {
            Judgement::Holds => None,
            Judgement::Broken(stuck) => {
                let text = explain(model, &history, &stuck, who);
                let condition = options.consistency;
                Some(Judged::Broken(format!("not {condition}: {text}"), Location::caller()))
            }
            Judgement::Inconclusive(why) => Some(Judged::Undecided(format!("judging the history: {why}"))),
        }
    }
}

impl Bytes {
    const fn empty() -> Bytes {
        Bytes([const { AtomicU64::new(0) }; WORDS])
    }

    fn set(&self, value: &impl Serialize, what: &str) {
        let mut bytes = [0_u8; WORDS * 8];
        let length = match postcard::to_slice(value, &mut bytes[1..]) {
            Ok(used) => used.len(),
            Err(_) => {
                panic!("{what} takes more than the {ROOM} bytes that a recorder keeps, or has no encoding")
            }
        };
        bytes[0] = length as u8;
        for (word, bytes) in self.0.iter().zip(bytes.chunks_exact(8)).take((length + 1).div_ceil(8)) {
            word.store(u64::from_le_bytes(bytes.try_into().expect("a chunk is a word")), Ordering::Relaxed);
        }
    }

    fn get<T: DeserializeOwned>(&self) -> T {
        let mut bytes = [0_u8; WORDS * 8];
        for (word, bytes) in self.0.iter().zip(bytes.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        let length = usize::from(bytes[0]);
        postcard::from_bytes(&bytes[1..=length]).expect("what was encoded can be decoded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_comes_back() {
        let recorder: Recorder<(String, u8), Option<i64>, 2> = Recorder::new();
        recorder.call(("a".repeat(61), 7), || Some(i64::MIN));
        recorder.call(("b".to_owned(), 8), || None);
        let history = recorder.history();
        let ops: Vec<_> = history.calls().iter().map(|call| (call.op.1, call.ret().copied())).collect();
        assert_eq!(ops, [(7, Some(Some(i64::MIN))), (8, Some(None))]);
        assert!(history.calls()[0].at < history.calls()[1].at);
    }

    #[test]
    #[should_panic(expected = "declare it as Recorder<_, _, 4>")]
    fn a_full_recorder_says_what_to_do() {
        let recorder: Recorder<u8, u8, 2> = Recorder::new();
        (0..3).for_each(|number| _ = recorder.call(number, || number));
    }

    #[test]
    #[should_panic(expected = "the operation takes more than the 63 bytes")]
    fn what_is_too_large_is_refused() {
        Recorder::<String, u8, 2>::new().call("a".repeat(63), || 0);
    }
}
