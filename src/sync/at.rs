//! Where a value is in an [`Arena`](super::Arena).
//!
//! Given out by arenas, kept in values, and sent in messages.
//!
//! 1. It is a number for a cell, counted from the beginning of the arena, and one for which
//!    of the values that were there it means: no address, and the same for every process.
//!
//! When a process dies here, it leads to what it led to.

use crate::shm::Shareable;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// Where a value is in an [`Arena`](super::Arena), for every process: an offset, and which of the values
/// that were there it is.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
#[repr(C)]
pub struct At<T> {
    pub(super) cell: u32,
    pub(super) number: u32,
    #[serde(skip)]
    pub(super) value: PhantomData<fn() -> T>,
}

// SAFETY: two numbers, which lead to a value only through an arena.
unsafe impl<T: 'static> Shareable for At<T> {}

impl<T> Clone for At<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for At<T> {}

impl<T> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.cell, self.number) == (other.cell, other.number)
    }
}

impl<T> Eq for At<T> {}

impl<T> Hash for At<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.cell, self.number).hash(state);
    }
}

impl<T> fmt::Debug for At<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "At({}, value {})", self.cell, self.number)
    }
}
