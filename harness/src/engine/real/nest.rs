//! Small memory that lies close together, for processes that live for a moment.
//!
//! Called by the [engine](super::Real) once, before it forks the main tasks of a dynamic
//! program.
//!
//! A forked process gets a copy of each page at the first write, and that is most of what its
//! start costs. The first allocations of a task come from whatever small pieces its
//! controller has given back, which lie anywhere: five allocations write to five pages. After
//! this they come from neighbours.
//!
//! 1. Only performance depends on it. An allocator that does not give out first what was given
//!    back last makes it useless, not wrong.
//!
//! When a process dies here, nothing is left behind.

/// The largest pieces that are laid out, in bytes.
const LARGEST: usize = 312;
/// The allocator of the C library keeps pieces by size, in steps of this.
const STEP: usize = 16;
/// How many scattered pieces of one size are set aside at most.
const MOST: usize = 48;

/// How many neighbours of a size are laid out: small ones are asked for more often. The C
/// library keeps seven at hand.
fn neighbours(size: usize) -> usize {
    match size {
        ..64 => 7,
        64..112 => 4,
        _ => 2,
    }
}

/// Has the next small allocations of this process, and of those that it forks, lie together.
pub(super) fn lay_out() {
    let sizes = || (24..=LARGEST).step_by(STEP);
    let mut aside: Vec<Vec<u8>> = Vec::with_capacity(sizes().count() * MOST);
    let mut near: Vec<Vec<u8>> = Vec::with_capacity(sizes().map(neighbours).sum());
    for size in sizes() {
        let first = aside.len();
        while aside.len() < first + MOST && !ends_with_neighbours(&aside[first..], size) {
            aside.push(Vec::with_capacity(size));
        }
        let scattered = aside.len().saturating_sub(neighbours(size)).max(first);
        near.extend(aside.drain(scattered..));
    }
    // Given back, they would be among the first again.
    aside.into_iter().for_each(std::mem::forget);
}

/// Whether the last pieces follow each other: then they were cut from one piece just now.
fn ends_with_neighbours(pieces: &[Vec<u8>], size: usize) -> bool {
    let count = neighbours(size);
    let last = &pieces[pieces.len().saturating_sub(count)..];
    let follows = |pair: &[Vec<u8>]| {
        let [first, second] = [&pair[0], &pair[1]].map(|piece| piece.as_ptr() as usize);
        second.checked_sub(first).is_some_and(|apart| apart <= size + STEP)
    };
    last.len() == count && last.windows(2).all(follows)
}
