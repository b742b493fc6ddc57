//! A priority queue without a mistake.

use crate::mutant::queue::buffer;

buffer! {
    Priority:
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
