//! Address space that nobody uses: what is mapped while it is there lies elsewhere than it would.
//!
//! Called by the engines where an execution shall find its objects, its stacks and its large
//! blocks at other addresses: when a schedule is run again to see whether it is the same.
//!
//! Mappings are given out from the top of a process's address space downwards, so what comes after
//! a gap lies as much lower. Among all gaps each bit of an address above those within a page is
//! added once, up to that of 128 megabytes.
//!
//! When a process dies here, its gaps are gone with it.

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// The address space, until it is dropped.
pub(crate) struct Gap {
    base: NonNull<c_void>,
    size: NonZeroUsize,
}

/// The lowest bit of an address that says on which page it is.
const PAGE: u8 = 12;
/// How many gaps there are; their numbers are from 2, and what has the number 1 has none.
const COUNT: u8 = 4;
/// How many bits a gap adds, each so far from the next that no two gaps add the same.
const BITS: u8 = 4;

impl Gap {
    /// The gap with this number; none for 1, or if there is no room.
    pub(crate) fn open(number: u8) -> Option<Gap> {
        let first = PAGE + number.checked_sub(2)?;
        let bits = (0..BITS).map(|bit| 1_usize << (first + bit * COUNT));
        let size = NonZeroUsize::new(bits.sum())?;
        // SAFETY: a fresh anonymous mapping aliases nothing, and nobody may touch this one.
        let base = unsafe {
            mmap_anonymous(None, size, ProtFlags::PROT_NONE, MapFlags::MAP_PRIVATE | MapFlags::MAP_NORESERVE)
        };
        base.ok().map(|base| Gap { base, size })
    }
}

impl Drop for Gap {
    fn drop(&mut self) {
        // SAFETY: `base` and `size` are those of a mapping to which nothing refers.
        let _ = unsafe { munmap(self.base, self.size.get()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_above_a_page_is_added_by_one_gap() {
        let sizes = (1..=COUNT + 1).filter_map(Gap::open).map(|gap| gap.size.get());
        assert_eq!(sizes.sum::<usize>() >> PAGE, (1 << (COUNT * BITS)) - 1);
    }
}
