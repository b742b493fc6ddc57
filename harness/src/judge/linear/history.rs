//! A history: which client called what, when, and what came back.
//!
//! Filled by the recorder of a program, by the readers of logs, or by hand; read by
//! everything else here. Times only have to be in order: nanoseconds, steps of a
//! schedule or the lines of a log. An operation precedes another one if it ended at an
//! earlier time than the other began; equal times are taken to overlap.
//!
//! When a process dies here, its operation never returns: it is [`End::Killed`] if one
//! knows when that was, and [`End::Open`] otherwise.

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End<R> {
    /// It returned something.
    Returned {
        /// When.
        at: u64,
        /// What.
        ret: R,
    },
    /// Its client was killed in the middle of it.
    Killed {
        /// When.
        at: u64,
    },
    /// Nothing is known: it may take effect at any time after its call, or never.
    Open,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<O, R> {
    /// Who called; the operations of one client follow each other.
    pub client: usize,
    /// What was called, with its arguments.
    pub op: O,
    /// When it was called.
    pub at: u64,
    /// How it ended.
    pub end: End<R>,
}

impl<O, R> Call<O, R> {
    /// What it returned, if it did.
    pub fn ret(&self) -> Option<&R> {
        match &self.end {
            End::Returned { ret, .. } => Some(ret),
            End::Killed { .. } | End::Open => None,
        }
    }
}

/// The operations of all clients.
///
/// ```
/// use selvedge_harness::judge::linear::History;
///
/// let mut history = History::new();
/// let write = history.call(0, "write 3", 10);
/// history.done(1, 12, "read", "3", 14);
/// history.returned(write, "ok", 20);
/// assert_eq!(history.calls().len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<O, R> {
    calls: Vec<Call<O, R>>,
}

impl<O, R> Default for History<O, R> {
    fn default() -> History<O, R> {
        History { calls: Vec::new() }
    }
}

impl<O, R> History<O, R> {
    /// One without operations.
    pub fn new() -> History<O, R> {
        History::default()
    }

    /// `client` calls `op` at `at`; returns the number of the operation. It is open
    /// until something else is said.
    pub fn call(&mut self, client: usize, op: O, at: u64) -> usize {
        self.calls.push(Call { client, op, at, end: End::Open });
        self.calls.len() - 1
    }

    /// Operation `number` returns `ret` at `at`.
    ///
    /// # Panics
    /// If there is no such operation.
    pub fn returned(&mut self, number: usize, ret: R, at: u64) {
        self.calls[number].end = End::Returned { at, ret };
    }

    /// The client of operation `number` was killed at `at`.
    ///
    /// # Panics
    /// If there is no such operation.
    pub fn killed(&mut self, number: usize, at: u64) {
        self.calls[number].end = End::Killed { at };
    }

    /// A whole operation at once: called at `at`, returned at `until`.
    pub fn done(&mut self, client: usize, at: u64, op: O, ret: R, until: u64) -> usize {
        let number = self.call(client, op, at);
        self.returned(number, ret, until);
        number
    }

    /// Takes out the operations for which `keep` is false; the others are numbered anew.
    pub fn retain(&mut self, keep: impl FnMut(&Call<O, R>) -> bool) {
        self.calls.retain(keep);
    }

    /// The operations, by number.
    pub fn calls(&self) -> &[Call<O, R>] {
        &self.calls
    }
}

impl<O, R> FromIterator<Call<O, R>> for History<O, R> {
    fn from_iter<I: IntoIterator<Item = Call<O, R>>>(calls: I) -> History<O, R> {
        History { calls: calls.into_iter().collect() }
    }
}
