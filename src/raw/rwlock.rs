//! A lock that many read or one writes, and that survives both.
//!
//! Called by [`sync::RwLock`](crate::sync::RwLock), which adds data and guards.
//!
//! | state | gate | slots | `read` | `write` |
//! |---|---|---|---|---|
//! | free | free | all free | claims a slot | takes the gate, sees all slots free |
//! | read | free | some held by readers | claims another slot | takes the gate, waits for each reader |
//! | a writer waits | held | some held by readers | waits at the gate | waits at the gate |
//! | written | held | held for moments by who gives way | waits at the gate | waits at the gate |
//! | full of readers | free, or held by one who waits for a slot | all held | takes the gate, waits for any slot | as in the rows above |
//!
//! Slots and gate are those of [`slots`](super::slots).
//!
//! | mark | meaning |
//! |---|---|
//! | `CLEAN` 0 | the value is in order |
//! | `WRITTEN` 1 | somebody writes, or died or panicked writing |
//! | `LOST` 2 | after a death, nobody repaired it |
//!
//! 1. Who reads holds a slot that it claimed while nobody had the gate, or with the gate in
//!    its own hand; who writes has the gate and saw every slot free after taking it. So
//!    nobody reads while somebody writes.
//! 2. The mark is changed by the holder of the gate only. Who reads and finds it other than
//!    `CLEAN` knows that the last writer did not end well.
//! 3. A writer that waits keeps out readers that come after it. A task that reads twice at
//!    a time can therefore wait for itself, by way of a writer, as with std's lock.
//!
//! Orderings: those of the slots and of the gate; the mark is relaxed, under them.
//!
//! When a process dies here, at whatever instruction: a reader, or whoever was only
//! waiting, leaves nothing behind but a free slot or gate. A writer leaves the mark.

use super::patience::Patience;
use super::slots::Slots;
use super::{Left, Taken};
use crate::platform::{Atomic, Kind, Observe, Op, Robust, Site, Tasks};
use crate::shm::Shareable;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

const CLEAN: u32 = 0;
const WRITTEN: u32 = 1;
const LOST: u32 = 2;

/// A robust read-write lock without data, which so many can read at a time.
#[repr(C)]
pub struct RawRwLock<P: Robust, const READERS: usize = 32> {
    slots: Slots<P, READERS>,
    mark: P::AtomicU32,
}

// SAFETY: words that mean the same to every process, and links that only their owner
// follows, as in `RawRobustMutex`.
unsafe impl<P: Tasks, const READERS: usize> Shareable for RawRwLock<P, READERS> {}

/// The slot of a reader.
#[derive(Clone, Copy, Debug)]
pub struct Reading(usize);

/// A slot, and how the value was found; a trace shows the latter.
struct Read(Reading, Taken);

impl Observe for Read {
    fn observed(&self) -> u64 {
        self.1.observed()
    }
    fn refused(&self) -> bool {
        self.1.refused()
    }
}

impl<P: Robust, const READERS: usize> RawRwLock<P, READERS> {
    /// The most tasks that read at a time.
    pub const READERS: usize = READERS;

    /// A free lock.
    #[must_use]
    pub fn new() -> Self {
        RawRwLock { slots: Slots::new(), mark: P::AtomicU32::new(CLEAN) }
    }

    /// The address that names this lock in operations.
    #[must_use]
    pub fn address(&self) -> usize {
        self.slots.gate().address()
    }

    /// Takes the lock for reading, and says how the value was found; `None` if the
    /// patience did not last. If it was found [`Taken::Unrecoverable`] it is not taken.
    #[inline(always)]
    pub fn read(&self, patience: Patience, site: P::Site) -> Option<(Reading, Taken)> {
        let body = || {
            let slot = match patience {
                Patience::Never => self.try_slot()?,
                _ => self.slots.enter(READERS, patience, site, || self.op("read", patience, site))?,
            };
            let found = self.found();
            if found == Taken::Unrecoverable {
                self.slots.leave(P::me(), slot);
            }
            Some(Read(Reading(slot), found))
        };
        P::step(|| self.op("read", patience, site), body).map(|Read(reading, found)| (reading, found))
    }

    /// Ends the reading of the caller, `me`.
    #[inline(always)]
    pub fn end_read(&self, me: P::Owner, reading: Reading, site: P::Site) {
        P::step(|| self.release("end of read", site), || self.slots.leave(me, reading.0));
    }

    /// Takes the lock for writing, and says how the value was found; `None` if the
    /// patience did not last. If it was found [`Taken::Unrecoverable`] it is not taken.
    pub fn write(&self, patience: Patience, site: P::Site) -> Option<Taken> {
        let body = || {
            let op = || self.op("write", patience, site);
            if !self.slots.close(patience, site, op) {
                return None;
            }
            let found = self.found();
            match found {
                Taken::Clean => self.mark.store(WRITTEN, Relaxed),
                Taken::OwnerDied => {}
                Taken::Unrecoverable => self.open(site),
            }
            Some(found)
        };
        P::step(|| self.op("write", patience, site), body)
    }

    /// Ends the writing of the caller.
    pub fn end_write(&self, left: Left, site: P::Site) {
        let body = || {
            self.leave_mark(left);
            self.open(site);
        };
        P::step(|| self.release("end of write", site), body);
    }

    /// The caller, which writes, goes on as a reader: nobody writes in between.
    pub fn downgrade(&self, left: Left, site: P::Site) -> Reading {
        let body = || {
            self.leave_mark(left);
            let op = || self.op("read", Patience::Forever, site);
            let slot = self.slots.any(READERS, Patience::Forever, op).expect("who waits for ever gets one");
            self.open(site);
            slot
        };
        // As an operation it shows no number: which slot it is differs from run to run.
        let mut slot = 0;
        // It has the lock before and after, so it is no release.
        let op = || Op::new(Kind::ReadWrite, "downgrade", self.address(), site.location());
        P::step(op, || slot = body());
        Reading(slot)
    }

    /// Whether the caller, and nobody else, writes.
    pub(crate) fn is_written_by_me(&self) -> bool {
        self.slots.gate().is_mine()
    }

    /// Whether the caller holds this reader's slot.
    pub(crate) fn is_read_by_me(&self, reading: Reading) -> bool {
        self.slots.is_mine(reading.0)
    }

    /// A slot at once, if nobody has the gate. Whoever sees in advance that it will be refused
    /// changes nothing.
    fn try_slot(&self) -> Option<usize> {
        if self.slots.gate().is_taken() {
            return None;
        }
        let slot = self.slots.try_any(READERS)?;
        if self.slots.is_open() {
            return Some(slot);
        }
        self.slots.leave(P::me(), slot);
        None
    }

    #[inline(always)]
    fn found(&self) -> Taken {
        match self.mark.load(Relaxed) {
            CLEAN => Taken::Clean,
            LOST => Taken::Unrecoverable,
            _ => Taken::OwnerDied,
        }
    }

    fn leave_mark(&self, left: Left) {
        let mark = match left {
            Left::Clean => CLEAN,
            Left::OwnerDied => WRITTEN,
            Left::Unrecoverable => LOST,
        };
        self.mark.store(mark, Relaxed);
    }

    fn open(&self, site: P::Site) {
        self.slots.gate().unlock_mine(P::me(), Left::Clean, site);
    }

    /// Reading and writing wait until nobody has the gate; what they wait for after that
    /// no single word tells.
    #[inline]
    fn op(&self, name: &'static str, patience: Patience, site: P::Site) -> Op {
        let kind = if patience == Patience::Never { Kind::TryAcquire } else { Kind::Acquire };
        let op = Op::new(kind, name, self.address(), site.location()).until(patience.deadline());
        if patience == Patience::Never { op } else { op.when(self.slots.gate().free_guard()) }
    }

    fn release(&self, name: &'static str, site: P::Site) -> Op {
        Op::new(Kind::Release, name, self.address(), site.location())
    }
}

impl<P: Robust, const READERS: usize> Default for RawRwLock<P, READERS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Robust, const READERS: usize> fmt::Debug for RawRwLock<P, READERS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRwLock").finish_non_exhaustive()
    }
}
