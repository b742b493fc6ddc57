//! Named segments of an exploration: they lie in its arena, and their names in a list there.
//!
//! Called by [`Checked`](crate::kernel::Checked) as its named memory. Outside an exploration it is
//! the operating system's.
//!
//! | state | in the list | its memory |
//! |---|---|---|
//! | being made | no | written by its maker |
//! | there | yes, marked so | complete |
//! | unlinked | yes, marked so | stays for those who have it open |
//!
//! 1. Whoever is here has the turn, or sets an execution up: nobody else is here.
//! 2. A segment enters the list in one write, after it is complete.
//! 3. No name outlives its execution, and none is seen by another one.
//!
//! When a process dies here, a segment that has not entered the list was never there.

use super::segment::{CheckedSegment, kernel};
use nix::errno::Errno;
use selvedge::platform::{Native, Segment, Tasks};
use std::io;

/// A segment in the list; its name follows, and then nothing.
#[repr(C)]
struct Entry {
    /// The address of the next older one; 0 for none.
    next: usize,
    base: usize,
    size: usize,
    name_len: usize,
    unlinked: bool,
}

/// Makes a segment and gives it a name.
pub(in crate::kernel) fn create(
    name: &str,
    size: usize,
    fill: &mut dyn FnMut(*mut u8),
) -> io::Result<CheckedSegment> {
    let this = kernel();
    if this.is_null() {
        return Ok(CheckedSegment::Native(Native::create_named(name, size, fill)?));
    }
    if find(name).is_some() {
        return Err(Errno::EEXIST.into());
    }
    let segment = CheckedSegment::new(size)?;
    let place = CheckedSegment::new(size_of::<Entry>() + name.len())?.base();
    fill(segment.base());
    // SAFETY: invariant 1; the place is new, aligned, and large enough for entry and name.
    unsafe {
        let next = (*this).names;
        let base = segment.base() as usize;
        place.cast::<Entry>().write(Entry { next, base, size, name_len: name.len(), unlinked: false });
        place.add(size_of::<Entry>()).copy_from_nonoverlapping(name.as_ptr(), name.len());
        // Invariant 2.
        (*this).names = place as usize;
    }
    Ok(segment)
}

/// Opens the segment with this name.
pub(in crate::kernel) fn open(name: &str) -> io::Result<CheckedSegment> {
    if kernel().is_null() {
        return Ok(CheckedSegment::Native(Native::open_named(name)?));
    }
    let entry = find(name).ok_or(Errno::ENOENT)?;
    Ok(CheckedSegment::Arena { base: entry.base, size: entry.size })
}

/// Takes the name away.
pub(in crate::kernel) fn unlink(name: &str) -> io::Result<()> {
    if kernel().is_null() {
        return Native::unlink_named(name);
    }
    find(name).ok_or(Errno::ENOENT)?.unlinked = true;
    Ok(())
}

/// The segment that has this name now.
fn find(name: &str) -> Option<&'static mut Entry> {
    // SAFETY: a current kernel is alive, and so is one whose execution is being set up.
    let mut at = unsafe { (*kernel()).names };
    while at != 0 {
        // SAFETY: invariants 1 and 2; an entry and its name lie in the arena, which outlives
        // the execution, and no caller keeps the reference.
        let (entry, its_name) = unsafe {
            let entry = &mut *(at as *mut Entry);
            let its_name = (at as *const u8).add(size_of::<Entry>());
            let its_name = std::slice::from_raw_parts(its_name, entry.name_len);
            (entry, its_name)
        };
        if !entry.unlinked && its_name == name.as_bytes() {
            return Some(entry);
        }
        at = entry.next;
    }
    None
}
