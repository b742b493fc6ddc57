//! Bytes that have a name, by which any process can open them.
//!
//! Called by programs whose processes do not descend from each other, or that make their
//! memory after they were forked.
//!
//! The states of a name, and what becomes of a segment, are those of the table in
//! [`segment`](super::segment).
//!
//! 1. Each access to a byte is one visible action on it. Several are several: who needs them
//!    to be one has a lock, in a [`Named`](super::Named) value for example.
//! 2. A range is checked before the first byte of it is read or written.
//!
//! Orderings: accesses are relaxed.
//!
//! When a process dies here, each byte is the old or the new one.

use super::by_name::{named, sent_by_name};
use super::header::Layout;
use super::segment::NamedSegment;
use crate::Error;
use crate::platform::{Atomic, Kind, Native, Op, Site, Tasks};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// The content of a segment of bytes.
struct Bytes;

/// A fixed number of bytes in memory that every process of this user can open by name.
///
/// Dropping the last handle closes the segment here; its name stays until it is
/// [unlinked](Self::unlink), or until the program that made it is gone: see
/// [`sweep`](super::sweep). Sent to another process, as part of a message, it is its name,
/// which the receiver opens.
///
/// The size is for ever, but as long as nobody cuts off the file, `/dev/shm/selvedge.NAME`, which
/// whoever may open it can do. Who touches what is no longer there is then killed by `SIGBUS`
/// (its parent is told [`Signal(7)`](crate::ExitStatus)), wherever its memory has a name; who opens
/// it is refused. Memory without a name is sealed: nobody can cut it off.
///
/// ```
/// use selvedge::SharedMemory;
///
/// let name = format!("greeting-{}", std::process::id());
/// let memory = SharedMemory::create(&name, 5)?;
/// memory.write(0, b"hello")?;
/// assert_eq!(SharedMemory::open(&name)?.to_vec(), b"hello");
/// memory.unlink()?;
/// assert!(SharedMemory::open(&name).is_err());
/// # Ok::<(), selvedge::Error>(())
/// ```
pub struct SharedMemory<P: Tasks = Native> {
    segment: NamedSegment<P>,
}

impl<P: Tasks> SharedMemory<P> {
    /// Makes `size` zero bytes named `name`.
    ///
    /// # Errors
    /// [`Error::SegmentExists`] if the name is taken; [`Error::InvalidArgument`] if it is
    /// empty, too long or has a slash in it, or if the size is 0; [`Error::Os`] if the
    /// operating system has no memory to give.
    #[track_caller]
    pub fn create(name: &str, size: usize) -> Result<Self, Error> {
        let segment = NamedSegment::create(name, Self::layout(), size, |_| (), P::Site::here())?;
        Ok(SharedMemory { segment })
    }

    /// Makes `size` zero bytes under a name that is still free; see [`name`](Self::name).
    ///
    /// # Errors
    /// As for [`create`](Self::create), but that no name can be taken.
    #[track_caller]
    pub fn create_unnamed(size: usize) -> Result<Self, Error> {
        let segment = NamedSegment::create_unnamed(Self::layout(), size, |_| (), P::Site::here())?;
        Ok(SharedMemory { segment })
    }

    /// Opens the bytes named `name`.
    ///
    /// # Errors
    /// [`Error::NoSegment`] if there are none, [`Error::SegmentRefused`] if something else
    /// has this name, or as [`create`](Self::create).
    #[track_caller]
    pub fn open(name: &str) -> Result<Self, Error> {
        let segment = NamedSegment::open(name, Self::layout(), P::Site::here())?;
        Ok(SharedMemory { segment })
    }

    /// Takes a name away, whatever has it: a value or a list as well as bytes.
    ///
    /// # Errors
    /// [`Error::NoSegment`] if nothing has it.
    #[track_caller]
    pub fn remove(name: &str) -> Result<(), Error> {
        NamedSegment::<P>::unlink(name, P::Site::here())
    }

    /// How many bytes there are: as many as were asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segment.size()
    }

    /// Whether there are no bytes: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies bytes from position `from` on out of the memory, one after the other.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they do not lie inside; nothing is copied then.
    #[track_caller]
    pub fn read(&self, from: usize, into: &mut [u8]) -> Result<(), Error> {
        let (site, range) = (P::Site::here(), self.range(from, into.len())?);
        for (index, byte) in range.zip(into) {
            let cell = self.cell(index);
            let op = || Op::new(Kind::Read, "get", std::ptr::from_ref(cell) as usize, site.location());
            *byte = P::step(op, || cell.load(Relaxed));
        }
        Ok(())
    }

    /// Copies bytes into the memory from position `to` on, one after the other.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they do not lie inside; nothing is copied then.
    #[track_caller]
    pub fn write(&self, to: usize, bytes: &[u8]) -> Result<(), Error> {
        let (site, range) = (P::Site::here(), self.range(to, bytes.len())?);
        for (index, &byte) in range.zip(bytes) {
            let cell = self.cell(index);
            let op = || Op::new(Kind::Write, "set", std::ptr::from_ref(cell) as usize, site.location());
            let write = || {
                cell.store(byte, Relaxed);
                byte
            };
            P::step(op, write);
        }
        Ok(())
    }

    /// All bytes, read one after the other.
    #[track_caller]
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len()];
        // All of them lie inside.
        let _ = self.read(0, &mut bytes);
        bytes
    }

    fn layout() -> Layout {
        Layout::named::<SharedMemory, Bytes, Native>(0)
    }

    fn range(&self, start: usize, len: usize) -> Result<Range<usize>, Error> {
        let end = start.checked_add(len).filter(|end| *end <= self.len());
        end.map(|end| start..end).ok_or_else(|| Error::InvalidArgument {
            what: "the range of bytes",
            given: format!("{len} from {start} on"),
            allowed: format!("inside 0..{}", self.len()),
        })
    }

    fn cell(&self, index: usize) -> &P::AtomicU8 {
        const { assert!(size_of::<P::AtomicU8>() == 1) };
        debug_assert!(index < self.len());
        // SAFETY: all callers checked that the index lies inside (invariant 2); a byte is a
        // valid atomic byte, whatever it holds.
        unsafe { &*self.segment.content().add(index).cast() }
    }
}

named!(SharedMemory);
sent_by_name!(SharedMemory);

impl<P: Tasks> Clone for SharedMemory<P> {
    fn clone(&self) -> Self {
        SharedMemory { segment: self.segment.clone() }
    }
}

impl<P: Tasks> fmt::Debug for SharedMemory<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMemory").field("name", &self.name()).field("len", &self.len()).finish()
    }
}
