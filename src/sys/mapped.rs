//! Which memory this process has mapped, by its file, so that what arrives a second time is
//! another handle on the same mapping.
//!
//! Called by [`Mapping`](super::memory::Mapping) for memory that was sent or received.
//!
//! Two mappings of one memory would be one too many: a robust lock is linked by the address at
//! which it was taken, and must not be left behind when that mapping goes and the other stays.
//!
//! 1. A file is known by its device and its number there, which are its own as long as anybody
//!    has it open; and who maps it has it open.
//! 2. A mapping that is gone is forgotten with the next one.
//!
//! When a process dies here, its list goes with it; a forked child's is a copy, as its mappings
//! are.

use super::memory::Pages;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A file, by device and number.
type Id = (u64, u64);

static MAPPED: Mutex<Vec<(Id, Weak<Pages>)>> = Mutex::new(Vec::new());

/// Takes note of the mapping of a file.
pub(super) fn note(file: &File, pages: &Arc<Pages>) -> io::Result<()> {
    let id = id(file)?;
    let mut mapped = living();
    if !mapped.iter().any(|(known, _)| *known == id) {
        mapped.push((id, Arc::downgrade(pages)));
    }
    Ok(())
}

/// The mapping of so many bytes of this file, which `map` makes if there is none.
pub(super) fn find_or(
    file: &File,
    size: usize,
    map: impl FnOnce() -> io::Result<Arc<Pages>>,
) -> io::Result<Arc<Pages>> {
    let id = id(file)?;
    let mut mapped = living();
    let known = mapped.iter().filter(|(known, _)| *known == id).find_map(|(_, pages)| pages.upgrade());
    if let Some(pages) = known.filter(|pages| pages.size() == size) {
        return Ok(pages);
    }
    let pages = map()?;
    mapped.push((id, Arc::downgrade(&pages)));
    Ok(pages)
}

fn living() -> MutexGuard<'static, Vec<(Id, Weak<Pages>)>> {
    let mut mapped = MAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    mapped.retain(|(_, pages)| pages.strong_count() > 0);
    mapped
}

fn id(file: &File) -> io::Result<Id> {
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}
