//! A handle on a store in memory of its own.
//!
//! Called by [`Queue`](super::Queue), whose clones are handles on one store.
//!
//! When a process dies here, its handles go, and the store stays for the others.

use super::store::Store;
use crate::platform::{Segment, Tasks};
use std::marker::PhantomData;

/// A handle on a store in memory of its own.
pub(super) struct Handle<S, P: Tasks> {
    pub(super) segment: P::Segment,
    store: PhantomData<S>,
}

impl<S: Store<P>, P: Tasks> Handle<S, P> {
    /// A handle on a segment at whose start a store was written.
    pub(super) fn new(segment: P::Segment) -> Self {
        Handle { segment, store: PhantomData }
    }

    #[inline(always)]
    pub(super) fn store(&self) -> &S {
        // SAFETY: the store was written before there was a handle, and is used by many.
        unsafe { &*self.segment.base().cast::<S>() }
    }

    #[inline(always)]
    pub(super) fn memory(&self) -> *mut u8 {
        // SAFETY: the segment was made for a store and what lies behind it.
        unsafe { self.segment.base().add(size_of::<S>()) }
    }
}
