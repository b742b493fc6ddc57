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

use nix::libc;

/// Pieces of fewer bytes are laid out.
const LARGEST: usize = 320;
/// The allocator of the C library keeps pieces by size, in steps of this.
const STEP: usize = 16;
/// It keeps so many of each size at hand.
const AT_HAND: usize = 7;
/// Up to this size pieces are all laid out in the last round: many are needed.
const SMALL: usize = 72;
/// How many pieces are set aside at most.
const MOST: usize = 4096;

/// Has the next small allocations of this process, and of those that it forks, lie together.
pub(super) fn lay_out() {
    let sizes = || (24..LARGEST).step_by(STEP);
    let mut aside: Vec<Vec<u8>> = Vec::with_capacity(MOST);
    let mut near: Vec<Vec<u8>> = Vec::with_capacity(sizes().count() * AT_HAND);
    // First everything that lies scattered is taken, large pieces first, because small ones
    // would be cut from them.
    for size in sizes().rev() {
        while aside.len() < MOST && !is_fresh(&aside, size) {
            aside.push(Vec::with_capacity(size));
        }
    }
    // So what is allocated now follows itself. What is given back last is given out first:
    // the last round has what is needed by a task that needs little.
    for round in 0..AT_HAND {
        for size in sizes() {
            let is_last = round + 1 == AT_HAND;
            let count = if size > SMALL { 1 } else { AT_HAND * usize::from(is_last) };
            near.extend((0..count).map(|_| Vec::with_capacity(size)));
        }
    }
    near.into_iter().for_each(drop);
    drop(aside);
    // SAFETY: malloc_trim(3) has no requirements.
    unsafe { libc::malloc_trim(0) };
}

/// Whether the last pieces follow each other behind all others: nothing is left before them.
fn is_fresh(pieces: &[Vec<u8>], size: usize) -> bool {
    const RUN: usize = 4;
    let address = |piece: &Vec<u8>| piece.as_ptr() as usize;
    let (before, last) = pieces.split_at(pieces.len().saturating_sub(RUN));
    let follows = |pair: &[Vec<u8>]| {
        let apart = address(&pair[1]).checked_sub(address(&pair[0]));
        pair[0].capacity() == size && apart.is_some_and(|apart| apart <= size + STEP)
    };
    last.len() == RUN
        && last.windows(2).all(follows)
        && before.iter().map(address).max().is_none_or(|highest| highest < address(&last[0]))
}
