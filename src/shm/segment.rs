//! A segment that has a name: its header, its content, and what can be done with the name.
//!
//! Called by [`SharedMemory`](super::SharedMemory), [`Named`](super::Named) and the
//! collections that can have a name.
//!
//! | state | `create` | `open` | `unlink` |
//! |---|---|---|---|
//! | no such name | makes it | [`NoSegment`](Error::NoSegment) | [`NoSegment`](Error::NoSegment) |
//! | there | [`SegmentExists`](Error::SegmentExists) | a handle, if the layout agrees | takes the name away |
//!
//! 1. The content was written before the segment had a name.
//! 2. Its size is that which it was made with, for ever: nothing here changes it. The operating
//!    system cannot be told to keep it (what has a name there cannot be sealed, unlike memory
//!    without one), so somebody else may cut the file off. Who opens it then is refused.
//! 3. Each of the three is one visible operation, on the one directory of names.
//!
//! Orderings: what was written before a segment was made, whoever opens it sees: the kernel
//! orders the two calls.
//!
//! When a process dies here, at whatever instruction, the segment is there and complete or
//! is not there. One that is there stays until its name is taken away or the
//! [tracker](super::sweep) finds that its program is dead and that nobody has it open.

use super::header::{CONTENT, Header, KEPT, Layout, VERSION};
use super::name::Name;
use super::tracker;
use crate::Error;
use crate::platform::{Kind, Observe, Op, Segment, Site, Tasks};
use crate::sys::object::LONGEST_NAME;
use crate::sys::program::Program;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The directory of names, as the object of an operation: no address, and so the same in
/// every process.
const NAMES: usize = 0x5e1;

/// A handle on a segment that has, or had, a name.
pub(crate) struct NamedSegment<P: Tasks> {
    segment: P::Segment,
    name: Name,
}

struct Done<T>(io::Result<T>);

impl<T> Observe for Done<T> {
    fn observed(&self) -> u64 {
        if self.0.is_ok() { 0 } else { u64::MAX }
    }
}

/// One visible operation on the directory of names.
fn step<T, P: Tasks>(
    kind: Kind,
    verb: &'static str,
    site: P::Site,
    body: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    P::step(|| Op::new(kind, verb, NAMES, site.location()), || Done(body())).0
}

impl<P: Tasks> NamedSegment<P> {
    /// Makes a segment whose content has `size` bytes, all zero but for what `fill` writes.
    pub(crate) fn create(
        name: &str,
        layout: Layout,
        size: usize,
        fill: impl FnOnce(*mut u8),
        site: P::Site,
    ) -> Result<Self, Error> {
        check_name(name)?;
        let whole = check_size(size)?;
        if P::executes() {
            tracker::sweep_once();
        }
        let header = Header::bytes(layout, size, Program::current());
        let mut fill = Some(fill);
        let mut write = |base: *mut u8| {
            // SAFETY: the segment is new, and has room for a header and the content.
            let content = unsafe {
                base.copy_from_nonoverlapping(header.as_ptr(), CONTENT);
                base.add(CONTENT)
            };
            if let Some(fill) = fill.take() {
                fill(content);
            }
        };
        let made = step::<_, P>(Kind::ReadWrite, "create", site, || P::create_named(name, whole, &mut write));
        match made {
            Ok(segment) => Ok(NamedSegment { segment, name: Name::new(name) }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::SegmentExists { name: name.to_owned() })
            }
            Err(error) => Err(Error::os("make a named segment")(error)),
        }
    }

    /// The same under a name that is still free.
    pub(crate) fn create_unnamed(
        layout: Layout,
        size: usize,
        fill: impl Fn(*mut u8),
        site: P::Site,
    ) -> Result<Self, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let process = P::process_id();
        // Within an exploration the names, too, follow from the schedule alone.
        let mut own = 0;
        let mut next = || match P::executes() {
            true => NEXT.fetch_add(1, Relaxed),
            false => {
                own += 1;
                own - 1
            }
        };
        loop {
            let name = format!("unnamed-{process}-{}", next());
            match Self::create(&name, layout, size, &fill, site) {
                Err(Error::SegmentExists { .. }) => {}
                other => return other,
            }
        }
    }

    /// Opens a segment, if it has this layout.
    pub(crate) fn open(name: &str, layout: Layout, site: P::Site) -> Result<Self, Error> {
        check_name(name)?;
        let segment = step::<_, P>(Kind::Read, "open", site, || P::open_named(name))
            .map_err(|error| missing(name, "open a named segment", error))?;
        let refused = |why| Error::SegmentRefused { name: name.to_owned(), why };
        let Some(room) = segment.size().checked_sub(CONTENT) else {
            let why = format!(
                "its {} bytes are too few for a header: it was cut off, or it was not made by this crate",
                segment.size()
            );
            return Err(refused(why));
        };
        // SAFETY: the segment is long enough. The mark in the header may change, and is not
        // looked at here.
        let header = Header::read(&unsafe { segment.base().cast::<[u8; CONTENT]>().read_volatile() });
        let header = header.ok_or_else(|| refused("it was not made by this crate".to_owned()))?;
        header.check(layout, room).map_err(refused)?;
        Ok(NamedSegment { segment, name: Name::new(name) })
    }

    /// Takes a name away.
    pub(crate) fn unlink(name: &str, site: P::Site) -> Result<(), Error> {
        check_name(name)?;
        step::<_, P>(Kind::ReadWrite, "unlink", site, || P::unlink_named(name))
            .map_err(|error| missing(name, "unlink a named segment", error))
    }

    /// Keeps the segment when its program is gone.
    pub(crate) fn keep(&self) {
        // SAFETY: inside the header, aligned, and from now on only used as an atomic.
        let mark = unsafe { AtomicU32::from_ptr(self.segment.base().add(KEPT).cast()) };
        mark.store(1, Relaxed);
    }

    /// The version of its content.
    pub(super) fn version(&self) -> u32 {
        // SAFETY: inside the header, aligned; the word never changes.
        unsafe { self.segment.base().add(VERSION).cast::<u32>().read() }
    }

    /// Header and content.
    pub(super) fn segment(&self) -> &P::Segment {
        &self.segment
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The first byte of the content, aligned to 64 bytes.
    #[inline]
    pub(crate) fn content(&self) -> *mut u8 {
        // SAFETY: every segment that was made or opened is longer than its header.
        unsafe { self.segment.base().add(CONTENT) }
    }

    /// The length of the content in bytes.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.segment.size() - CONTENT
    }
}

impl<P: Tasks> Clone for NamedSegment<P> {
    fn clone(&self) -> Self {
        NamedSegment { segment: self.segment.clone(), name: self.name.clone() }
    }
}

fn missing(name: &str, operation: &'static str, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::NoSegment { name: name.to_owned() },
        _ => Error::os(operation)(error),
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(['/', '\0']) {
        return Ok(());
    }
    let allowed = format!("1 to {LONGEST_NAME} bytes without '/' and without 0");
    Err(Error::InvalidArgument { what: "the name of the segment", given: format!("{name:?}"), allowed })
}

/// The size of header and content.
fn check_size(size: usize) -> Result<usize, Error> {
    let most = isize::MAX as usize - CONTENT;
    if (1..=most).contains(&size) {
        return Ok(size + CONTENT);
    }
    let (given, allowed) = (format!("{size} bytes"), format!("1 to {most} bytes"));
    Err(Error::InvalidArgument { what: "the size of the segment", given, allowed })
}
