//! Who handles the requests of a server.
//!
//! Given to [`Server::mode`](super::Server::mode).
//!
//! | mode | a slow client holds up | a handler that is killed takes with it |
//! |---|---|---|
//! | `Serial` | all others | the server |
//! | `Threads` | nobody, until there are too many | the server |
//! | `Processes` | nobody, until there are too many | its client |
//! | `Workers` | nobody, until there are too many | its client |
//!
//! When a process dies here, see [`Server`](super::Server).

use crate::Error;

/// Who handles the requests of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The thread that serves, one request after the other.
    Serial,
    /// A thread for each request.
    #[doc(alias = "ThreadingMixIn")]
    #[doc(alias = "ThreadingTCPServer")]
    Threads {
        /// How many requests are handled at a time, at least 1; others wait.
        most: usize,
    },
    /// A forked process for each request. It is refused while this process has other
    /// threads, unless [`despite_threads`](super::Server::despite_threads) allows that.
    #[doc(alias = "ForkingMixIn")]
    #[doc(alias = "ForkingTCPServer")]
    Processes {
        /// How many requests are handled at a time, at least 1; others wait.
        #[doc(alias = "max_children")]
        most: usize,
    },
    /// So many processes, at least 1, forked when serving begins. Each takes requests by
    /// itself, one after the other; one that dies is replaced.
    #[doc(alias = "prefork")]
    Workers(usize),
}

impl Mode {
    /// How many requests are handled at a time.
    pub(super) fn most(self) -> usize {
        match self {
            Mode::Serial => 1,
            Mode::Threads { most } | Mode::Processes { most } | Mode::Workers(most) => most,
        }
    }

    pub(super) fn check(self) -> Result<(), Error> {
        if self.most() > 0 {
            return Ok(());
        }
        let allowed = "at least 1".to_owned();
        Err(Error::InvalidArgument { what: "the number of handlers", given: "0".to_owned(), allowed })
    }
}
