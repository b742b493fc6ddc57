//! A stack without a mistake.

use crate::mutant::queue::buffer;

buffer! {
    Lifo:
    /// Replaces nothing: what the hunt does not catch.
    Sound {}
}
