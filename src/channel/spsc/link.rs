//! What both ends of a channel have in common: the memory, and whose the end is.
//!
//! Called by [`Sender`](super::Sender) and [`Receiver`](super::Receiver).
//!
//! ```text
//!  | ring: tail, head | owner of each end | place 0 | place 1 | ...  a power of two of them
//! ```
//!
//! 1. The owner of an end is written once, by the first process that uses it. A forked copy
//!    of an end that another process owns is refused: else two would write one place.
//! 2. An end remembers the thread that used it last, so that only a thread that is new to it
//!    asks who owns it. In a forked child every thread is new.
//! 3. A place is written by the sender while the ring says that there is room, and read by
//!    the receiver while the ring says that there is an item.
//!
//! When a process dies here, it stays the owner of its end.

use super::super::given::is_giving;
use crate::Error;
use crate::platform::{Atomic, Owner, Segment, Site, Tasks};
use crate::raw::{Patience, RawRing, Refusal};
use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;

/// Which end: an index.
pub(super) const SENDER: usize = 0;
pub(super) const RECEIVER: usize = 1;

/// What stands at the start of the memory.
#[repr(C, align(64))]
struct Core<P: Tasks> {
    ring: RawRing<P>,
    /// The process that owns each end, by its number; 0 for none yet.
    owners: [P::AtomicU32; 2],
}

/// Why an end was refused.
pub(super) enum Denied {
    /// The ring had no room, no item, or was closed.
    Refused(Refusal),
    /// Another process, with this number, owns the end.
    Foreign(u32),
}

/// One end.
pub(super) struct Link<P: Tasks> {
    segment: P::Segment,
    mask: u32,
    /// Bytes from one place to the next.
    stride: usize,
    end: usize,
    /// The thread that used it last, in a process that owns it; 0 for none.
    user: Cell<u32>,
}

impl<P: Tasks> Link<P> {
    /// The two ends of a channel for `capacity` items, which are at places `stride` bytes
    /// apart.
    pub(super) fn pair(capacity: usize, stride: usize) -> Result<[Self; 2], Error> {
        let most = RawRing::<P>::MOST as usize;
        if !(1..=most).contains(&capacity) {
            return Err(Error::InvalidArgument {
                what: "the capacity of a channel",
                given: capacity.to_string(),
                allowed: format!("from 1 to {most}"),
            });
        }
        let places = capacity.next_power_of_two();
        let size = places.checked_mul(stride).filter(|&size| size <= isize::MAX as usize / 2);
        let size = size.ok_or_else(|| Error::InvalidArgument {
            what: "the capacity of a channel",
            given: capacity.to_string(),
            allowed: format!("less, at {stride} bytes for each of {places} places"),
        })?;
        let segment = P::segment(size_of::<Core<P>>() + size).map_err(Error::os("mmap"))?;
        let core = Core { ring: RawRing::new(capacity as u32), owners: [0; 2].map(P::AtomicU32::new) };
        // SAFETY: the segment is new, aligned and large enough: nobody else has it yet.
        unsafe { segment.base().cast::<Core<P>>().write(core) };
        let link = |segment, end| Link { segment, mask: places as u32 - 1, stride, end, user: Cell::new(0) };
        Ok([link(segment.clone(), SENDER), link(segment, RECEIVER)])
    }

    #[inline(always)]
    fn core(&self) -> &Core<P> {
        // SAFETY: it was written before there was an end, and is used by many.
        unsafe { &*self.segment.base().cast::<Core<P>>() }
    }

    #[inline(always)]
    pub(super) fn ring(&self) -> &RawRing<P> {
        &self.core().ring
    }

    #[inline(always)]
    fn place(&self, number: u32) -> *mut u8 {
        let place = (number & self.mask) as usize;
        // SAFETY: the segment was made for the core and all places behind it.
        unsafe { self.segment.base().add(size_of::<Core<P>>() + place * self.stride) }
    }

    /// Sends: `write` gets a place that is as long as was said, aligned to 64 if its length
    /// is, and the caller's alone until it returns.
    #[inline(always)]
    pub(super) fn send(
        &mut self,
        wait: Patience,
        site: P::Site,
        write: impl FnOnce(*mut u8),
    ) -> Result<(), Denied> {
        let (ring, write) = (self.ring(), |number| write(self.place(number)));
        let body = || {
            self.claim()?;
            ring.send_within(wait, site, write).map_err(Denied::Refused)
        };
        P::step(|| ring.send_op(wait, site), body).map(|done| done.0)
    }

    /// Receives: `read` gets a place that a sender has written.
    #[inline(always)]
    pub(super) fn recv<R>(
        &mut self,
        wait: Patience,
        site: P::Site,
        read: impl FnOnce(*const u8) -> R,
    ) -> Result<R, Denied> {
        let (ring, read) = (self.ring(), |number| read(self.place(number)));
        let body = || {
            self.claim()?;
            ring.recv_within(wait, site, read).map_err(Denied::Refused)
        };
        P::step(|| ring.recv_op(wait, site), body).map(|done| done.0)
    }

    /// Makes sure that this process owns the end, as a part of a step: which of two that have
    /// copies of it comes first is a scheduler's matter. Where a step is a whole call, the second
    /// one is told once it could send or receive if the end were its own.
    #[inline(always)]
    fn claim(&self) -> Result<(), Denied> {
        let user = P::me().id();
        if self.user.get() == user { Ok(()) } else { self.claim_anew(user) }
    }

    #[cold]
    fn claim_anew(&self, user: u32) -> Result<(), Denied> {
        let me = P::process_id();
        match self.core().owners[self.end].compare_exchange(0, me, Relaxed, Relaxed) {
            Err(owner) if owner != me => Err(Denied::Foreign(owner)),
            _ => {
                self.user.set(user);
                Ok(())
            }
        }
    }

    /// Whether the end is this process's to close as it drops it.
    fn is_ours(&self) -> bool {
        let owner = self.core().owners[self.end].load(Relaxed);
        owner == 0 || owner == P::process_id()
    }
}

impl<P: Tasks> Drop for Link<P> {
    fn drop(&mut self) {
        let (ring, site) = (self.ring(), P::Site::here());
        if !is_giving() {
            P::step(|| ring.close_op(site), || self.is_ours() && ring.close_within());
        }
    }
}
