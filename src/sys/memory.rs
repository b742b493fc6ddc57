//! Memory that a process shares with every child it forks from then on.
//!
//! Called by [`Native`](crate::platform::Native) as its segment.
//!
//! | state | handles here | mapping |
//! |---|---|---|
//! | mapped | one or more | `MAP_SHARED \| MAP_ANONYMOUS`, readable and writable |
//! | gone | none | unmapped here; other processes keep theirs |
//!
//! 1. All handles of one process name the same mapping; the last one unmaps it.
//! 2. A fork copies handles and their count together, so that the child's count is
//!    right for the child.
//! 3. The pages go when the last process that maps them does: the kernel counts, and
//!    no count in the memory itself can be left wrong.
//!
//! When a process dies here, however it dies, the kernel removes its mapping.
//!
//! Sources: mmap(2), memfd_create(2).

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::libc::c_void;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::Arc;

/// Neither shorter nor longer, for ever: who reads where a file was cut off gets a SIGBUS.
const SEALS: SealFlag = SealFlag::F_SEAL_SHRINK.union(SealFlag::F_SEAL_GROW).union(SealFlag::F_SEAL_SEAL);

/// A handle on zeroed, page-aligned memory that forked children share.
#[derive(Clone, Debug)]
pub struct Mapping(Arc<Pages>);

#[derive(Debug)]
struct Pages {
    base: NonNull<c_void>,
    mapped: NonZeroUsize,
    size: usize,
    /// The file that is mapped, kept open for the locks on it; none for memory without a name.
    _file: Option<File>,
}

// SAFETY: `Pages` owns its mapping and gives out only the address; whoever makes
// references from it answers for how threads use them.
unsafe impl Send for Pages {}
// SAFETY: as above; no method of `Pages` changes it.
unsafe impl Sync for Pages {}

impl Mapping {
    /// Maps `size` bytes of zeroed shared memory; no bytes are possible too.
    ///
    /// # Errors
    /// Whatever `mmap(2)` refuses, typically `ENOMEM`.
    pub fn shared(size: usize) -> io::Result<Mapping> {
        // The kernel does not map nothing, but a handle on nothing is harmless.
        let mapped = NonZeroUsize::new(size).unwrap_or(NonZeroUsize::MIN);
        let rights = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no other.
        let base = unsafe { mmap_anonymous(None, mapped, rights, MapFlags::MAP_SHARED) }?;
        Ok(Mapping(Arc::new(Pages { base, mapped, size, _file: None })))
    }

    /// Maps the first `size` bytes of a file, shared with all who map it, and keeps it open.
    ///
    /// # Errors
    /// Whatever `mmap(2)` refuses.
    pub fn of_file(file: File, size: usize) -> io::Result<Mapping> {
        let mapped = NonZeroUsize::new(size).unwrap_or(NonZeroUsize::MIN);
        let rights = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: as in `shared`. The file is no shorter: its kind never changes its size.
        let base = unsafe { mmap(None, mapped, rights, MapFlags::MAP_SHARED, &file, 0) }?;
        Ok(Mapping(Arc::new(Pages { base, mapped, size, _file: Some(file) })))
    }

    /// Maps `size` bytes of zeroed memory that has a descriptor, by which others can map it
    /// too, and whose size nobody can change any more.
    ///
    /// # Errors
    /// Whatever `memfd_create(2)`, `ftruncate(2)`, `fcntl(2)` or `mmap(2)` refuse.
    pub fn sealed(size: usize) -> io::Result<(Mapping, OwnedFd)> {
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let file = File::from(memfd_create(c"selvedge", flags)?);
        file.set_len(size as u64)?;
        fcntl(&file, FcntlArg::F_ADD_SEALS(SEALS))?;
        let descriptor = file.try_clone()?.into();
        Ok((Mapping::of_file(file, size)?, descriptor))
    }

    /// Maps the memory of such a descriptor, which has `size` bytes.
    ///
    /// # Errors
    /// `EINVAL` if it is another one, or whatever `mmap(2)` refuses.
    pub fn of_sealed(descriptor: OwnedFd, size: usize) -> io::Result<Mapping> {
        let seals = fcntl(&descriptor, FcntlArg::F_GET_SEALS)?;
        let file = File::from(descriptor);
        if seals & SEALS.bits() != SEALS.bits() || file.metadata()?.len() != size as u64 {
            return Err(Errno::EINVAL.into());
        }
        Mapping::of_file(file, size)
    }

    /// Its first byte, page-aligned.
    #[inline]
    #[must_use]
    pub fn base(&self) -> *mut u8 {
        self.0.base.as_ptr().cast()
    }

    /// Its length in bytes.
    #[inline]
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.size
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: invariant 1: this was the last handle, and a reference into the
        // mapping borrows from a handle. The kernel rounds the length up to whole
        // pages exactly as it did for mmap.
        let result = unsafe { munmap(self.base, self.mapped.get()) };
        debug_assert_eq!(result, Ok(()), "a mapping of our own can always be unmapped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_name_the_same_zeroed_bytes() {
        let one = Mapping::shared(10_000).unwrap();
        let two = one.clone();
        assert_eq!((one.base(), two.size()), (two.base(), 10_000));
        assert_eq!(one.base() as usize % 4096, 0);
        // SAFETY: the byte lies inside the mapping and nobody else writes to it.
        unsafe {
            assert_eq!(two.base().add(9_999).read(), 0);
            one.base().add(9_999).write(7);
            drop(one);
            assert_eq!(two.base().add(9_999).read(), 7);
        }
    }

    #[test]
    fn too_much_is_an_error_with_its_errno() {
        let error = Mapping::shared(usize::MAX / 2).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::ENOMEM));
        assert_eq!(Mapping::shared(0).unwrap().size(), 0);
    }
}
