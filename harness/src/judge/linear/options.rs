//! How a history is judged: by which condition, for how long, in how much memory.

use std::fmt;
use std::time::Duration;

/// What the order of the operations must respect, besides the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// Real time: an operation that ended before another began comes before it
    /// (Herlihy and Wing, TOPLAS 1990).
    #[default]
    Linearizable,
    /// Only the order in which each client called its own operations (Lamport, IEEE
    /// Transactions on Computers 1979).
    Sequential,
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Consistency::Linearizable => "linearizable",
            Consistency::Sequential => "sequentially consistent",
        })
    }
}

/// When an operation may take effect whose client was killed in the middle of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crash {
    /// Before the kill or never (strict linearizability: Aguilera and Frølund, 2003).
    #[default]
    Strict,
    /// At any time or never, as if its client were only slow (what durable
    /// linearizability leaves open: Izraelevitz, Mendes and Scott, DISC 2016).
    Durable,
}

/// How a history is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The condition.
    pub consistency: Consistency,
    /// What killed clients may still have done.
    pub crash: Crash,
    /// Time at most; what takes longer is inconclusive.
    pub time: Option<Duration>,
    /// Bytes at most for what was visited; what takes more is inconclusive.
    pub memory: usize,
    /// Near-linear monitors may judge where they apply.
    pub monitors: bool,
}

impl Default for Options {
    /// Linearizable, strict, a minute, a gibibyte, with monitors.
    fn default() -> Options {
        Options {
            consistency: Consistency::Linearizable,
            crash: Crash::Strict,
            time: Some(Duration::from_secs(60)),
            memory: 1 << 30,
            monitors: true,
        }
    }
}
