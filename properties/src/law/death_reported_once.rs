//! The owner's death is reported once and to one: of robust locks.
//!
//! | told | before | after |
//! |---|---|---|
//! | `took` | free | held |
//! | `gave` | held | free |
//! | `inherited` | held, by somebody who is dead | held |
//!
//! When the owner dies here, the witness stays held: the next owner must be told.

use super::Law;
use selvedge::shareable;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

/// The law.
pub const DEATH_REPORTED_ONCE: Law = Law {
    name: "the owner's death is reported once and to one",
    sentence: "the next owner after a dead one is told, and nobody else ever is",
};

shareable! {
    /// Whether somebody owns the lock. Told within the step of the operation, so that no
    /// kill can fall between: for programs whose steps are operations.
    ///
    /// ```
    /// use selvedge_properties::law::Inheritance;
    /// let lock = Inheritance::new();
    /// lock.took();
    /// lock.inherited(); // that one died
    /// lock.gave();
    /// assert_eq!(lock.deaths(), 1);
    /// ```
    pub struct Inheritance {
        held: AtomicBool,
        deaths: AtomicU32,
    }
}

impl Inheritance {
    /// Nobody owns it.
    pub const fn new() -> Inheritance {
        Inheritance { held: AtomicBool::new(false), deaths: AtomicU32::new(0) }
    }

    /// Right after the caller took it, without a word about a death.
    ///
    /// # Panics
    /// If the last owner never gave it back.
    #[track_caller]
    pub fn took(&self) {
        let held = self.held.swap(true, SeqCst);
        DEATH_REPORTED_ONCE.demand(!held, || "its last owner died, and the next one was not told".to_owned());
    }

    /// Right after the caller took it and was told that the last owner died.
    ///
    /// # Panics
    /// If nobody died with it.
    #[track_caller]
    pub fn inherited(&self) {
        let held = self.held.swap(true, SeqCst);
        self.deaths.fetch_add(1, SeqCst);
        DEATH_REPORTED_ONCE.demand(held, || "nobody died with it since the last report".to_owned());
    }

    /// Right after the caller gave it back.
    pub fn gave(&self) {
        self.held.store(false, SeqCst);
    }

    /// How many deaths were reported.
    pub fn deaths(&self) -> u32 {
        self.deaths.load(SeqCst)
    }
}

impl Default for Inheritance {
    fn default() -> Inheritance {
        Inheritance::new()
    }
}
