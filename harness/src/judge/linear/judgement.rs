//! What a history was judged to be.

use std::fmt;

/// The judgement on a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// There is an order of the operations that explains everything they returned.
    Holds,
    /// There is none.
    Broken(Stuck),
    /// Nobody knows.
    Inconclusive(Why),
}

/// How far the operations can be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The part of the object that is broken, where it has parts.
    pub partition: Option<String>,
    /// The operations of the longest prefix that can be explained, in the order in
    /// which they take effect; by their numbers in the history. The last of them had
    /// ended by then; of those that had not, only what the others need stands before. Empty
    /// if the time was up before the prefix was found.
    pub prefix: Vec<usize>,
    /// The operation whose end cannot be explained any more; `None` if the time was up
    /// before it was found.
    pub operation: Option<usize>,
}

/// Why a history was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The time was up.
    Time,
    /// The memory was full.
    Memory,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Time => "the time was up",
            Why::Memory => "the memory was full",
        })
    }
}
