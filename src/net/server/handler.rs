//! What is done with a request, and what can go wrong with it.
//!
//! A program implements [`Handler`], or gives a closure; [`Server`](super::Server) calls it.
//!
//! | step | called |
//! |---|---|
//! | a request has come | [`verify`](Handler::verify) |
//! | it is to be served | [`handle`](Handler::handle), in the thread or process that the [`Mode`](super::Mode) says |
//! | that failed or panicked | [`failed`](Handler::failed), there |
//! | the process that was at it was killed | [`failed`](Handler::failed), in the server's |
//! | none came in time | [`timed_out`](Handler::timed_out) |
//!
//! 1. Whatever goes wrong with a request is told once, and the server goes on.
//!
//! When a process dies here, see the table.

use crate::{Error, ExitStatus};
use std::fmt;
use std::io;

/// Why a request was not served to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The handler returned this error.
    Returned(io::Error),
    /// The handler panicked with this message.
    Panicked(String),
    /// The process that was at it was killed.
    Killed {
        /// Its number.
        pid: u32,
        /// By what.
        status: ExitStatus,
    },
    /// The thread or process that was to handle it could not be started.
    NotStarted(Error),
    /// It could not even be taken: there are too many descriptors, or no memory.
    NotTaken(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Returned(error) => write!(f, "a request failed: {error}"),
            Failure::Panicked(message) => write!(f, "the handler of a request panicked: {message}"),
            Failure::Killed { pid, status } => {
                write!(f, "process {pid} was {status} while it handled requests")
            }
            Failure::NotStarted(error) => write!(f, "a request was turned away: {error}"),
            Failure::NotTaken(error) => write!(f, "a request must wait: {error}"),
        }
    }
}

/// What a program does with the requests of its server.
///
/// A closure `Fn(&mut Request) -> io::Result<()>` serves as well, with
/// [`Server::new`](super::Server::new).
#[doc(alias = "BaseRequestHandler")]
#[doc(alias = "StreamRequestHandler")]
#[doc(alias = "DatagramRequestHandler")]
pub trait Handler<R>: Send + Sync + 'static {
    /// Serves one request.
    ///
    /// # Errors
    /// Whatever went wrong; the server tells [`failed`](Self::failed) and goes on.
    fn handle(&self, request: &mut R) -> io::Result<()>;

    /// Whether this request is to be served; one that is not is closed.
    #[doc(alias = "verify_request")]
    fn verify(&self, request: &R) -> bool {
        let _ = request;
        true
    }

    /// Something went wrong with a request. It is printed to standard error unless a
    /// program does something else here.
    #[doc(alias = "handle_error")]
    fn failed(&self, failure: &Failure) {
        eprintln!("{failure}");
    }

    /// No request came in time.
    #[doc(alias = "handle_timeout")]
    fn timed_out(&self) {}
}

/// A handler that is a closure.
pub struct Closure<F>(pub(super) F);

impl<R, F: Fn(&mut R) -> io::Result<()> + Send + Sync + 'static> Handler<R> for Closure<F> {
    fn handle(&self, request: &mut R) -> io::Result<()> {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for Closure<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a closure")
    }
}
