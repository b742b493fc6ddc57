//! Who is told when a shipped primitive is made, or waits: a scheduler that would not see
//! what is done with it.
//!
//! Called by [`Native`](super::Native) where a primitive begins and where its callers would
//! sleep or start others; never by what a primitive does otherwise, which stays as fast as it
//! is. The harness asks to be told; in a program without it nobody does, and what is left is
//! one look at a word that is always the same.
//!
//! 1. Who is told once is told for as long as the process runs; a second one is not taken.
//!
//! When a process dies here, nothing is left behind.

use std::panic::Location;
use std::sync::OnceLock;

/// What is called with the name of a primitive, and the line where it is made if that is known.
pub type Witness = fn(what: &'static str, site: Option<&'static Location<'static>>);

static WITNESS: OnceLock<Witness> = OnceLock::new();

/// From now on `witness` is told of each primitive over [`Native`](super::Native) that is
/// made, by the task that makes it. The first one stays.
pub fn tell_of_native(witness: Witness) {
    let _ = WITNESS.set(witness);
}

/// Tells of a primitive.
#[inline(always)]
pub(super) fn tell(what: &'static str, site: Option<&'static Location<'static>>) {
    if let Some(witness) = WITNESS.get() {
        witness(what, site);
    }
}
