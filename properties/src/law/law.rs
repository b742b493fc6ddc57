//! A law: a sentence that must be true of every execution.
//!
//! Used by each file of the folder; the list of all is what the documents are checked
//! against.
//!
//! When a process dies here, nothing is lost: a law is text.

use std::fmt;

/// A law.
///
/// ```should_panic
/// use selvedge_properties::law::CONSERVATION;
/// CONSERVATION.demand(1 + 1 == 3, || "1 and 1 are not 3".to_owned());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// What it is called.
    pub name: &'static str,
    /// What it says.
    pub sentence: &'static str,
}

/// All of them.
pub const LAWS: &[Law] = &[
    super::MUTUAL_EXCLUSION,
    super::AT_MOST,
    super::NO_LOST_WAKE_UP,
    super::SAME_ITEMS,
    super::FIFO_PER_PRODUCER,
    super::CAPACITY,
    super::GENERATIONS,
    super::EVERY_WAITER_ENDS,
    super::DEATH_REPORTED_ONCE,
    super::TOKENS_SURVIVE,
    super::CONSERVATION,
    super::END_AFTER_LAST,
    super::EXACTLY_ONCE,
];

impl Law {
    /// Panics with the sentence unless it `holds`; `how` says what was seen.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn demand(&self, holds: bool, how: impl FnOnce() -> String) {
        assert!(holds, "{self}: {}", how());
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.sentence)
    }
}
