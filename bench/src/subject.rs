//! What is measured, and who runs it.
//!
//! | program | what it does |
//! |---|---|
//! | `i` | lost update: 2 tasks, each 5 times load + store |
//! | `ii` | ticket: 10 tasks want 5 tickets; load, and if any is left store and count |
//! | `iii` | the same with the stock behind a mutex |
//! | `iv` | bank: 100 times +1 against 100 times -1, each a load + store |
//! | `v` | bounded buffer of capacity 1: a mutex and two condition variables, 2 producers, 2 consumers, 4 items in all |

use crate::{ours, with_loom, with_shuttle};
use selvedge_harness::program::Tally;
use selvedge_harness::strategy::Strategy;

/// A measured program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Lost update.
    Update,
    /// Ticket, racy.
    Ticket,
    /// Ticket behind a mutex.
    Locked,
    /// Bank.
    Bank,
    /// Bounded buffer.
    Buffer,
}

impl Subject {
    /// All programs, with their names.
    pub const ALL: [(&'static str, Subject); 5] = [
        ("i", Subject::Update),
        ("ii", Subject::Ticket),
        ("iii", Subject::Locked),
        ("iv", Subject::Bank),
        ("v", Subject::Buffer),
    ];

    /// The program of a name.
    ///
    /// # Errors
    /// Which names there are.
    pub fn named(name: &str) -> Result<Subject, String> {
        by_name(&Subject::ALL, "program", name)
    }
}

/// Who explores a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// selvedge's `sim`, tasks known from the start.
    Static,
    /// selvedge's `sim`, tasks started and joined by a main task.
    Dynamic,
    /// shuttle's random scheduler.
    Shuttle,
    /// loom's exhaustive search.
    Loom,
}

impl Side {
    /// All sides, with their names.
    pub const ALL: [(&'static str, Side); 4] = [
        ("static", Side::Static),
        ("dynamic", Side::Dynamic),
        ("shuttle", Side::Shuttle),
        ("loom", Side::Loom),
    ];

    /// The side of a name.
    ///
    /// # Errors
    /// Which names there are.
    pub fn named(name: &str) -> Result<Side, String> {
        by_name(&Side::ALL, "side", name)
    }
}

/// A strategy that both selvedge and shuttle have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Uniform over tasks that can go on.
    Random,
    /// Probabilistic concurrency testing, depth 3.
    Pct,
    /// Uniform over interleavings.
    Urw,
}

impl Walk {
    /// What selvedge calls it.
    pub fn strategy(self) -> Strategy {
        match self {
            Walk::Random => Strategy::Random,
            Walk::Pct => Strategy::Pct { depth: 3 },
            Walk::Urw => Strategy::Urw,
        }
    }
}

fn by_name<T: Copy>(all: &[(&'static str, T)], what: &str, name: &str) -> Result<T, String> {
    all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
        format!("there is no {what} {name:?}; there are {}", known.join(", "))
    })
}

/// Runs so many executions by a strategy of selvedge's, declarative or dynamic, and
/// returns their number.
///
/// # Panics
/// If it ended early or found fault with a program that has none.
pub fn explore(strategy: &Strategy, dynamic: bool, subject: Subject, executions: u64) -> u64 {
    tally(strategy, dynamic, subject, executions).executions
}

/// The same, and returns the number of their steps.
///
/// # Panics
/// As for [`explore`].
pub fn steps(strategy: &Strategy, dynamic: bool, subject: Subject, executions: u64) -> u64 {
    tally(strategy, dynamic, subject, executions).steps
}

/// Runs so many executions of the random walk, declarative, on so many workers.
///
/// # Panics
/// As for [`explore`].
pub fn explore_on_workers(jobs: usize, subject: Subject, executions: u64) -> u64 {
    ours::on_workers(jobs, subject, executions).executions
}

fn tally(strategy: &Strategy, dynamic: bool, subject: Subject, executions: u64) -> Tally {
    if dynamic {
        ours::started(strategy, subject, executions)
    } else {
        ours::declared(strategy, subject, executions)
    }
}

/// Runs so many executions by a strategy of shuttle's.
pub fn explore_with_shuttle(walk: Walk, subject: Subject, executions: u64) -> u64 {
    with_shuttle::run(walk, subject, executions)
}

/// Runs up to `executions` executions of the random walk and returns how many were run: fewer only
/// where an exhaustive search was done before.
///
/// # Panics
/// If a side ended early or found fault with a program that has none.
pub fn run(side: Side, subject: Subject, executions: u64) -> u64 {
    match side {
        Side::Static => explore(&Strategy::Random, false, subject, executions),
        Side::Dynamic => explore(&Strategy::Random, true, subject, executions),
        Side::Shuttle => with_shuttle::run(Walk::Random, subject, executions),
        Side::Loom => with_loom::run(subject, executions),
    }
}
