//! Memory that the tasks of an exploration share: part of the arena, or, outside any
//! exploration, a mapping of its own.
//!
//! When a process dies here, the memory lives on in the others.

use selvedge::platform::{Native, Segment, Tasks};

/// Memory that the tasks of an exploration share.
#[derive(Clone, Debug)]
pub enum CheckedSegment {
    /// Part of the exploration's arena; it lives as long as the execution.
    Arena {
        /// Its first byte.
        base: usize,
        /// Its length in bytes.
        size: usize,
    },
    /// A mapping of its own, made outside any exploration.
    Native(<Native as Tasks>::Segment),
}

impl Segment for CheckedSegment {
    fn base(&self) -> *mut u8 {
        match self {
            CheckedSegment::Arena { base, .. } => *base as *mut u8,
            CheckedSegment::Native(mapping) => mapping.base(),
        }
    }

    fn size(&self) -> usize {
        match self {
            CheckedSegment::Arena { size, .. } => *size,
            CheckedSegment::Native(mapping) => mapping.size(),
        }
    }
}
