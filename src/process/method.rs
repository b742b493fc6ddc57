//! The three ways in which a process begins.
//!
//! Chosen by programs, for one process or for all that follow.
//!
//! When a process dies, which way it began makes no difference to its parent, but for one
//! that a fork server began, if the server dies before it: then nobody knows how it ended, and
//! its status is [`Unknown`](crate::ExitStatus::Unknown).

use crate::Error;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

/// How a process begins.
///
/// | method | the child is | costs | can run |
/// |---|---|---|---|
/// | `Fork` | a copy of its parent | least | anything |
/// | `Spawn` | this program, executed anew | most | entries |
/// | `ForkServer` | a copy of a server of few belongings | between | entries |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StartMethod {
    /// `fork(2)`.
    Fork,
    /// `fork(2)` and `execve(2)`.
    Spawn,
    /// A process of its own, executed once, forks each child.
    ForkServer,
}

impl StartMethod {
    /// All of them; the first is the default.
    #[doc(alias = "get_all_start_methods")]
    pub const ALL: [StartMethod; 3] = [StartMethod::Fork, StartMethod::Spawn, StartMethod::ForkServer];

    fn text(self) -> &'static str {
        match self {
            StartMethod::Fork => "fork",
            StartMethod::Spawn => "spawn",
            StartMethod::ForkServer => "forkserver",
        }
    }
}

impl fmt::Display for StartMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl FromStr for StartMethod {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = StartMethod::ALL.into_iter().find(|method| method.text() == text);
        found.ok_or_else(|| Error::InvalidArgument {
            what: "the start method",
            given: format!("{text:?}"),
            allowed: "fork, spawn or forkserver".to_owned(),
        })
    }
}

/// The index of the method in `ALL`; `NOT_SET` until somebody sets it. Relaxed: the number is
/// all there is to it.
static CHOSEN: AtomicU8 = AtomicU8::new(NOT_SET);
const NOT_SET: u8 = u8::MAX;

/// How processes begin that run an entry and were told nothing else. A child's is that of
/// its parent.
#[doc(alias = "get_start_method")]
#[must_use]
pub fn start_method() -> StartMethod {
    StartMethod::ALL.get(usize::from(CHOSEN.load(Relaxed))).copied().unwrap_or(StartMethod::Fork)
}

/// Chooses how processes begin from now on. It can be chosen once; `force` chooses again.
///
/// # Errors
/// [`Error::InvalidArgument`] if it was chosen before.
pub fn set_start_method(method: StartMethod, force: bool) -> Result<(), Error> {
    let index = StartMethod::ALL.iter().position(|known| *known == method).unwrap_or_default() as u8;
    if force {
        CHOSEN.store(index, Relaxed);
        return Ok(());
    }
    let chosen = CHOSEN.compare_exchange(NOT_SET, index, Relaxed, Relaxed);
    chosen.map(drop).map_err(|_| Error::InvalidArgument {
        what: "the start method",
        given: method.to_string(),
        allowed: format!("{}, which was chosen before", start_method()),
    })
}
