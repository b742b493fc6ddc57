//! The stacks of fibers, each beginning at another place within its page.
//!
//! Used by `sim`, which makes a fiber for each task number. Stacks are mapped at distances
//! that are multiples of the page, and a task rarely uses more than a few hundred bytes; if
//! all of them began at the end of a page, the tasks of a program would fight for the same
//! few sets of every cache while others stay empty (page colouring: Kessler and Hill, "Page placement algorithms for
//! large real-indexed caches", ACM TOCS 1992; here for virtual addresses and stacks).
//!
//! 1. A stack keeps its guard page and all of [`BYTES`] less one page.
//!
//! When a process dies here, its stacks are gone with it.

use corosensei::stack::{DefaultStack, Stack, StackPointer};

/// Bytes of stack per task; pages that are never touched cost nothing.
const BYTES: usize = 1 << 20;
/// How far the stacks of two neighbours are apart within a page: seventeen cache
/// lines. It shares no factor with a page's 64 lines, so that neighbours spread.
const STRIDE: usize = 17 * 64;
const PAGE: usize = 4096;

/// The stack of one fiber.
pub(crate) struct ShiftedStack {
    stack: DefaultStack,
    shift: usize,
}

impl ShiftedStack {
    /// A stack for the fiber with this number.
    pub(crate) fn new(fiber: usize) -> std::io::Result<ShiftedStack> {
        Ok(ShiftedStack { stack: DefaultStack::new(BYTES)?, shift: fiber * STRIDE % PAGE })
    }
}

// SAFETY: the stack is the inner one without less than a page at its beginning: it has
// the inner one's guard page and at least `BYTES - PAGE` usable bytes, and the shift is a
// multiple of the alignment.
unsafe impl Stack for ShiftedStack {
    #[inline]
    fn base(&self) -> StackPointer {
        let base = self.stack.base();
        StackPointer::new(base.get() - self.shift).unwrap_or(base)
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        self.stack.limit()
    }
}
