//! No token is lost with a dead holder: of robust semaphores.
//!
//! When a holder dies here, that is what the law is about.

use super::Law;

/// The law.
pub const TOKENS_SURVIVE: Law = Law {
    name: "no token is lost with a dead holder",
    sentence: "when everybody has ended, however, all permits can be had again, and no more",
};

/// At the end: how many permits can be had, and how many there were.
///
/// ```
/// selvedge_properties::law::all_back(3, 3);
/// ```
///
/// # Panics
/// If these are not equal.
#[track_caller]
pub fn all_back(available: u32, permits: u32) {
    TOKENS_SURVIVE.demand(available == permits, || format!("{available} of {permits} can be had"));
}
