//! The one error type of this crate: what the operating system refused, or what
//! the caller got wrong.
//!
//! Returned by everything that starts tasks, maps memory or takes a number that can
//! be out of range. Poisoned locks are not here: they use std's own
//! [`PoisonError`](std::sync::PoisonError), as std's locks do.
//!
//! | variant | whose mistake | what to do |
//! |---|---|---|
//! | [`Os`](Error::Os) | nobody's, or a limit | look at the operation and its errno |
//! | [`NotStarted`](Error::NotStarted), [`AlreadyStarted`](Error::AlreadyStarted) | the caller's order of calls | start exactly once |
//! | [`DaemonWithChild`](Error::DaemonWithChild), [`StillRunning`](Error::StillRunning), [`ProcessClosed`](Error::ProcessClosed) | the caller's | the text says what would be right |
//! | [`Locked`](Error::Locked) | nobody's | wait, or ask who has it |
//! | [`NotOwner`](Error::NotOwner) | the caller's | unlock what the caller locked |
//! | [`InvalidArgument`](Error::InvalidArgument) | the caller's number | the text says which one and what would be right |
//!
//! When a process dies, that is no error but an
//! [`ExitStatus`](crate::process::ExitStatus).

use crate::net::Sought;
use std::io;
use std::path::PathBuf;

/// Why an operation of this crate could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("{operation} failed: {source}")]
    Os {
        /// What was tried: the name of the system call or of the step.
        operation: &'static str,
        /// The answer, with its errno ([`raw_os_error`](io::Error::raw_os_error)).
        source: io::Error,
    },
    /// A process was asked about its end, or was sent a signal, before it was started.
    #[error("process {name} was not started; call start() first")]
    NotStarted {
        /// The name of the process.
        name: String,
    },
    /// A process was started a second time.
    #[error("process {name} was already started; a process can be started once")]
    AlreadyStarted {
        /// The name of the process.
        name: String,
    },
    /// A process that ends with its parent was to have a child of its own.
    #[error(
        "process {daemon} is a daemon and may have no children, so that {name} cannot be started; start it from a process that is none"
    )]
    DaemonWithChild {
        /// The calling process.
        daemon: String,
        /// The child that was not started.
        name: String,
    },
    /// A thread was used in the wrong order.
    #[error("thread {name} {why}")]
    Thread {
        /// The name of the thread.
        name: String,
        /// What was wrong, and what would be right.
        why: &'static str,
    },
    /// Something was to be done at the end of a process after that had come.
    #[error("the process is ending: it is too late to register what it does at its end")]
    TooLate,
    /// A closure was to run in a process that is no copy of this one.
    #[error(
        "process {name} runs a closure, which {method} cannot carry into another process; use fork, or an entry! with its argument"
    )]
    NeedsEntry {
        /// The name of the process.
        name: String,
        /// How it was to begin.
        method: String,
    },
    /// A process was to be forked while its parent had other threads.
    #[error(
        "process {name} would be forked beside {others} other thread{}, whose locks could stay locked in it; start it before them, or use an entry! with spawn, or ask for it by despite_threads()",
        if *others == 1 { "" } else { "s" }
    )]
    ForkWithThreads {
        /// The name of the process.
        name: String,
        /// How many other threads there are.
        others: usize,
    },
    /// A process was to be closed while it ran.
    #[error("process {name} still runs; join() or kill() it before close()")]
    StillRunning {
        /// The name of the process.
        name: String,
    },
    /// A process was asked about after it had been closed.
    #[error("process {name} was closed; nothing is known of it any more")]
    ProcessClosed {
        /// The name of the process.
        name: String,
    },
    /// Somebody has the lock of a file, and still had it when the time was up; nothing was
    /// changed.
    #[error("{} is locked by {}", path.display(), list(holders))]
    Locked {
        /// The file.
        path: PathBuf,
        /// The processes that have the lock, as far as the kernel lets the caller know.
        holders: Vec<u32>,
    },
    /// A lock was to be given back by a task that does not have it; nothing was changed.
    #[error("the {what} is not the caller's to unlock: only the task that locked it can")]
    NotOwner {
        /// What kind of lock.
        what: &'static str,
    },
    /// The other end of a connection is closed, and what had come was received.
    #[error("end of file: the other end of the connection was closed")]
    EndOfFile,
    /// Nobody can receive any more what would be sent.
    #[error("broken pipe: every process has closed the other end of the connection")]
    BrokenPipe,
    /// A connection was used after it had been closed at this end.
    #[error("the connection was closed at this end")]
    ConnectionClosed,
    /// A connection goes the other way.
    #[error("this end of the connection can {can}, but not {cannot}")]
    WrongDirection {
        /// What this end is for.
        can: &'static str,
        /// What was tried.
        cannot: &'static str,
    },
    /// A message did not fit into the buffer; here it is.
    #[error("the message has {} bytes, but the buffer only {room}", message.len())]
    BufferTooShort {
        /// The whole message.
        message: Vec<u8>,
        /// The length of the buffer in bytes.
        room: usize,
    },
    /// A message has more bytes than its receiver allows.
    #[error("the message has {len} bytes, but at most {most} are allowed")]
    MessageTooLong {
        /// Its length in bytes.
        len: u64,
        /// The longest that is allowed.
        most: usize,
    },
    /// What came through a connection was not written by this crate.
    #[error("what came is no message: {why}")]
    Garbled {
        /// What was wrong with it.
        why: &'static str,
    },
    /// The process at the other end of a connection did not show that it has the key.
    #[error("not authenticated: {why}")]
    Authentication {
        /// What was wrong.
        why: String,
    },
    /// A value could not be made a message, or a message not a value.
    #[error("the value cannot be {doing}: {why}")]
    Value {
        /// "encoded" or "decoded".
        doing: &'static str,
        /// What was wrong.
        why: String,
    },
    /// A segment was to be made under a name that another one has.
    #[error("a segment named {name:?} is there already; open() it, unlink() it, or choose another name")]
    SegmentExists {
        /// The name.
        name: String,
    },
    /// There is no segment of this name, or not any more.
    #[error("no segment is named {name:?}; create() it first")]
    NoSegment {
        /// The name.
        name: String,
    },
    /// What was opened is not what it was to be; nothing of it was used.
    #[error("segment {name:?} was refused: {why}")]
    SegmentRefused {
        /// The name.
        name: String,
        /// What it is, and what was expected.
        why: String,
    },
    /// The server process of a manager has ended.
    #[error("the manager at {address} is gone: its process has ended or was never there")]
    ManagerGone {
        /// Where it was looked for.
        address: Sought,
    },
    /// A manager could not do what it was asked for; nothing was changed.
    #[error("the manager refused: {why}")]
    #[doc(alias = "RemoteError")]
    Remote {
        /// What was wrong.
        why: String,
    },
    /// An argument is out of its range; nothing was changed.
    #[error("{what} is {given}, but must be {allowed}")]
    InvalidArgument {
        /// Which argument.
        what: &'static str,
        /// What was given.
        given: String,
        /// What would have been right.
        allowed: String,
    },
}

/// The processes that have something, in words.
fn list(holders: &[u32]) -> String {
    match holders {
        [] => "another process, which cannot be named".to_owned(),
        [one] => format!("process {one}"),
        many => format!("processes {}", many.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")),
    }
}

impl Error {
    /// Names the operation that an [`io::Error`] came from; made for `map_err`.
    pub(crate) fn os(operation: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Os { operation, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_operation_and_keeps_the_errno() {
        let error = Error::os("fork")(io::Error::from_raw_os_error(11));
        assert!(error.to_string().starts_with("fork failed: "), "{error}");
        assert!(matches!(error, Error::Os { source, .. } if source.raw_os_error() == Some(11)));
    }
}
