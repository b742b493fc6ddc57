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
const LARGEST: usize = 216;
/// The allocator of the C library keeps pieces by size, in steps of this.
const STEP: usize = 16;
/// It keeps so many of each size at hand.
const AT_HAND: usize = 7;
/// Up to this size pieces are all laid out in the last round: many are needed. Of larger ones
/// it has two each; so it fills a page.
const SMALL: usize = 72;
const PAGE: usize = 4096;
/// How many pieces are set aside at most.
const MOST: usize = 4096;

/// Has the next small allocations of this process, and of those that it forks, lie together.
pub(super) fn lay_out() {
    let sizes = || (24..LARGEST).step_by(STEP);
    let mut aside: Vec<Vec<u8>> = Vec::with_capacity(MOST);
    // Neither may grow meanwhile.
    let mut near: Vec<Vec<u8>> = Vec::with_capacity(sizes().count() * AT_HAND + 1);
    trim();
    // SAFETY: sbrk(2) by nothing only tells where the heap ends.
    let end = unsafe { libc::sbrk(0) } as usize;
    // First everything that lies scattered is taken, large pieces first, because small ones
    // would be cut from them.
    for size in sizes().rev() {
        while aside.len() < MOST {
            aside.push(Vec::with_capacity(size));
            if aside.last().is_some_and(|piece| piece.as_ptr() as usize >= end) {
                break;
            }
        }
    }
    // So what is allocated now follows itself. What is given back last is given out first:
    // the last round, on a page of its own, has what is needed by a task that needs little.
    for round in 1..AT_HAND {
        let is_last = round + 1 == AT_HAND;
        if is_last {
            near.push(up_to_next_page(near.last()));
        }
        for size in sizes() {
            let count = match (size > SMALL, is_last) {
                (true, _) => 1 + usize::from(is_last),
                (false, true) => AT_HAND,
                (false, false) => 0,
            };
            near.extend((0..count).map(|_| Vec::with_capacity(size)));
        }
    }
    near.into_iter().for_each(drop);
    drop(aside);
    trim();
}

/// Has the allocator give back what it does not need: also where the heap ends.
fn trim() {
    // SAFETY: malloc_trim(3) has no requirements.
    unsafe { libc::malloc_trim(0) };
}

/// What is left of the page on which this piece ends.
fn up_to_next_page(last: Option<&Vec<u8>>) -> Vec<u8> {
    let end = last.map_or(0, |piece| piece.as_ptr() as usize + piece.capacity());
    Vec::with_capacity(end.next_multiple_of(PAGE) - end)
}
