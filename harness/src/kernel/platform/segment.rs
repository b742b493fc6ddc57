//! Memory that the tasks of an exploration share: part of the arena, or, outside any
//! exploration, a mapping of its own.
//!
//! When a process dies here, the memory lives on in the others.

use crate::kernel::Kernel;
use crate::kernel::data::current;
use selvedge::platform::{Native, Segment, Tasks};
use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::{io, ptr};

static STDERR: OnceLock<io::Stderr> = OnceLock::new();

thread_local! {
    static HOME: Cell<*mut Kernel> = const { Cell::new(ptr::null_mut()) };
}

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

// SAFETY: part of the arena, which all tasks of an exploration have at the same address; or a
// mapping made before the tasks were forked, which is at the same address in them too.
unsafe impl selvedge::Shareable for CheckedSegment {
    const FORK_ONLY: bool = true;
}

/// The kernel of the running task, or of the execution that is being set up; null outside.
#[inline]
pub(in crate::kernel) fn kernel() -> *mut Kernel {
    if current::get().is_null() { HOME.get() } else { current::get() }
}

impl CheckedSegment {
    /// Memory for the running task, or for the set-up of an execution.
    #[inline]
    pub(in crate::kernel) fn new(size: usize) -> io::Result<CheckedSegment> {
        let this = kernel();
        if this.is_null() {
            return Ok(CheckedSegment::Native(Native::segment(size)?));
        }
        // SAFETY: a current kernel is alive, and the caller has the turn; so is the one whose
        // execution is being set up, by this thread.
        let base = unsafe { (*this).allocate(size) }.ok_or_else(|| {
            io::Error::new(io::ErrorKind::OutOfMemory, "the shared memory of this exploration is used up")
        })?;
        Ok(CheckedSegment::Arena { base: base as usize, size })
    }
}

/// Runs the set-up of an execution: what it makes for all tasks lies in the arena of `kernel`.
pub(crate) fn at_home<R>(kernel: *mut Kernel, set_up: impl FnOnce() -> R) -> R {
    struct Away;
    impl Drop for Away {
        fn drop(&mut self) {
            HOME.set(ptr::null_mut());
        }
    }
    HOME.set(kernel);
    let _away = Away;
    set_up()
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

    fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        match self {
            CheckedSegment::Native(mapping) => mapping.descriptor(),
            // A message carries one for each segment. Here the address says everything, but a
            // descriptor goes along all the same, so that programs run out of them, or fill a
            // message, just where they would with memory of its own; any open one does.
            CheckedSegment::Arena { .. } => Ok(STDERR.get_or_init(io::stderr).as_fd()),
        }
    }

    fn address(&self) -> Option<u64> {
        match self {
            CheckedSegment::Native(_) => None,
            CheckedSegment::Arena { base, .. } => Some(*base as u64),
        }
    }

    fn arrived(descriptor: OwnedFd, address: Option<u64>, size: usize) -> io::Result<CheckedSegment> {
        let Some(address) = address else {
            return Ok(CheckedSegment::Native(Segment::arrived(descriptor, None, size)?));
        };
        let base = usize::try_from(address).map_err(io::Error::other)?;
        // SAFETY: a current kernel is alive, and the caller has the turn.
        match unsafe { kernel().as_ref() } {
            Some(kernel) if kernel.has_allocated(base, size) => Ok(CheckedSegment::Arena { base, size }),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}
