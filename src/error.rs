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
//! | [`NotOwner`](Error::NotOwner) | the caller's | unlock what the caller locked |
//! | [`InvalidArgument`](Error::InvalidArgument) | the caller's number | the text says which one and what would be right |
//!
//! When a process dies, that is no error but an
//! [`ExitStatus`](crate::process::ExitStatus).

use std::io;

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
    /// A lock was to be given back by a task that does not have it; nothing was changed.
    #[error("the {what} is not the caller's to unlock: only the task that locked it can")]
    NotOwner {
        /// What kind of lock.
        what: &'static str,
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
