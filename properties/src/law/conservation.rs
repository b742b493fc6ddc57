//! Conservation: of whatever is only moved from place to place.
//!
//! When a task is killed in the middle of a move, what it had in its hands is missing:
//! the law says so.

use super::Law;

/// The law.
pub const CONSERVATION: Law =
    Law { name: "conservation", sentence: "what is moved from place to place adds up to what there was" };

/// At the end, or whenever nobody moves anything: what there was, and what is where.
///
/// ```
/// selvedge_properties::law::conserved(10, [3, 7]);
/// ```
///
/// # Panics
/// If it does not add up.
#[track_caller]
pub fn conserved(total: i64, places: impl IntoIterator<Item = i64>) {
    let places: Vec<i64> = places.into_iter().collect();
    let sum: i64 = places.iter().sum();
    CONSERVATION.demand(sum == total, || format!("{places:?} is {sum}, not {total}"));
}
