//! A word that a scheduler watches: what mutants are made of.
//!
//! 1. Every access is a step by itself, also where the steps of primitives are whole calls:
//!    nothing here announces more.
//!
//! When a process dies here, the word keeps what was last written.

use selvedge::platform::{Change, Kind, Op, Platform};
use selvedge_harness::Checked;
use std::panic::Location;

/// The word.
pub type Word = <Checked as Platform>::Futex;

/// Sleeps while `word` holds `expected`; may come back without cause.
#[track_caller]
pub fn sleep(word: &Word, expected: u32) {
    let site = Location::caller();
    let op = || Op::new(Kind::Wait, "sleep", std::ptr::from_ref(word) as usize, site);
    Checked::futex_wait(word, expected, None, op, None::<fn() -> Op>);
}

/// Wakes up to `count` of those who sleep on `word`; says how many.
pub fn wake(word: &Word, count: u32) -> u32 {
    Checked::futex_wake(word, count)
}

/// Adds 1 to `word` and wakes all who sleep on it, in one step.
pub fn change_and_wake(word: &Word) {
    Checked::futex_change_and_wake_all(word, Change::Add(1));
}
