//! Where a collection lies: in memory of its own, which children inherit or are sent, or in
//! memory that has a name, by which anybody can open it.
//!
//! Called by the collections that can do both.
//!
//! 1. The content is aligned to 64 bytes, never moves, and never changes its size.
//!
//! When a process dies here, see [`segment`](super::segment): a named one stays until it is
//! unlinked or found by the tracker; the other goes with the last process that maps it.

use super::Shareable;
use super::header::Layout;
use super::segment::NamedSegment;
use crate::Error;
use crate::platform::{Segment, Tasks};

/// The memory of a collection.
#[allow(clippy::large_enum_variant, reason = "a box would be a pointer, which must not lie in shared memory")]
pub(crate) enum Place<P: Tasks> {
    Inherited(P::Segment),
    Named(NamedSegment<P>),
}

impl<P: Tasks> Place<P> {
    /// New memory, all zero but for what `fill` writes, under a name if there is one.
    pub(crate) fn new(
        name: Option<&str>,
        layout: Layout,
        size: usize,
        fill: impl FnOnce(*mut u8),
        site: P::Site,
    ) -> Result<Self, Error> {
        if let Some(name) = name {
            return NamedSegment::create(name, layout, size, fill, site).map(Place::Named);
        }
        let segment = P::segment(size).map_err(Error::os("mmap"))?;
        fill(segment.base());
        Ok(Place::Inherited(segment))
    }

    /// The memory that has this name, if it is of this layout.
    pub(crate) fn open(name: &str, layout: Layout, site: P::Site) -> Result<Self, Error> {
        NamedSegment::open(name, layout, site).map(Place::Named)
    }

    /// Memory that was sent.
    pub(crate) fn of_segment(segment: P::Segment) -> Self {
        Place::Inherited(segment)
    }

    /// Its memory; of one that has a name, with what stands before the content.
    pub(crate) fn segment(&self) -> &P::Segment {
        match self {
            Place::Inherited(segment) => segment,
            Place::Named(segment) => segment.segment(),
        }
    }

    /// Its first byte.
    #[inline]
    pub(crate) fn content(&self) -> *mut u8 {
        match self {
            Place::Inherited(segment) => segment.base(),
            Place::Named(segment) => segment.content(),
        }
    }

    /// Its length in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Place::Inherited(segment) => segment.size(),
            Place::Named(segment) => segment.size(),
        }
    }

    /// Its name, if it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Place::Inherited(_) => None,
            Place::Named(segment) => Some(segment.name()),
        }
    }

    /// Keeps it when its program is gone; without a name there is nothing to keep.
    pub(crate) fn keep(&self) {
        if let Place::Named(segment) = self {
            segment.keep();
        }
    }

    /// Takes its name away.
    pub(crate) fn unlink(&self, site: P::Site) -> Result<(), Error> {
        match self {
            Place::Named(segment) => NamedSegment::<P>::unlink(segment.name(), site),
            Place::Inherited(_) => Err(Error::InvalidArgument {
                what: "the name of what is to be unlinked",
                given: "missing".to_owned(),
                allowed: "one that create() gave it".to_owned(),
            }),
        }
    }
}

// SAFETY: a segment, and perhaps its name, which lies in the handle itself.
unsafe impl<P: Tasks> Shareable for Place<P>
where
    P::Segment: Shareable,
{
    const FORK_ONLY: bool = <P::Segment as Shareable>::FORK_ONLY;
}

impl<P: Tasks> Clone for Place<P> {
    fn clone(&self) -> Self {
        match self {
            Place::Inherited(segment) => Place::Inherited(segment.clone()),
            Place::Named(segment) => Place::Named(segment.clone()),
        }
    }
}
