//! What is explored: under which name, watched by whom.
//!
//! Made by whoever starts an exploration: a test, the command line, a catalogue.

use super::exits::Tell;
use super::tally::Tally;
use crate::token::Identity;

/// What is explored, under which name it is known, and who watches.
pub(crate) struct Job<'a> {
    pub(crate) name: String,
    pub(crate) identity: Identity,
    pub(crate) watcher: Option<Watcher<'a>>,
    /// Gets what was counted so far, every now and then; the run is cut into slices then.
    pub(crate) keeper: Option<Keeper<'a>>,
    /// Tells of an exit that ends this program; where there is none, the library does.
    pub(crate) tell: Option<Tell>,
}

/// Called between two slices of a run.
pub(crate) type Keeper<'a> = &'a (dyn Fn(&Tally) + Sync);

/// Called now and then with the executions and violations so far.
pub(crate) type Watcher<'a> = &'a (dyn Fn(u64, u64) + Sync);

impl Job<'_> {
    /// A program known by a name alone.
    pub(crate) fn named(name: &str) -> Job<'static> {
        Job::new(name, Identity::of(name))
    }

    /// A program that nobody watches.
    pub(crate) fn new(name: &str, identity: Identity) -> Job<'static> {
        Job { name: name.to_owned(), identity, watcher: None, keeper: None, tell: None }
    }
}
