//! Memory that a process shares with every child it forks from then on.
//!
//! Called by [`Native`](crate::platform::Native) as its segment.
//!
//! | state | handles here | mapping |
//! |---|---|---|
//! | mapped | one or more | `MAP_SHARED`, readable and writable; without a file, or of one |
//! | gone | none | unmapped here; other processes keep theirs |
//!
//! | made by | processes that can have it |
//! |---|---|
//! | `shared` | the children that are forked from then on |
//! | `portable` | these, and whoever is sent its descriptor and calls `arrived` |
//! | `sealed`, `of_sealed`, `of_file` | whoever has the file |
//!
//! 1. All handles of one process name the same mapping, also one that [`arrived`] twice or
//!    that this process has made itself; the last one unmaps it.
//! 2. A fork copies handles and their count together, so that the child's count is
//!    right for the child.
//! 3. The pages go when the last process that maps them does: the kernel counts, and
//!    no count in the memory itself can be left wrong.
//!
//! When a process dies here, however it dies, the kernel removes its mapping.
//!
//! [`arrived`]: Mapping::arrived
//!
//! Sources: mmap(2), memfd_create(2), getrlimit(2), proc_sys_vm(5) on `overcommit_memory`.

use super::mapped;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::libc::c_void;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use nix::sys::resource::{Resource, getrlimit};
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;

/// Neither shorter nor longer, for ever: who reads where a file was cut off gets a SIGBUS.
const SEALS: SealFlag = SealFlag::F_SEAL_SHRINK.union(SealFlag::F_SEAL_GROW).union(SealFlag::F_SEAL_SEAL);

/// From this size on the kernel is asked whether it would give so much, because it does not ask
/// itself before the memory of a file is touched.
const LARGE: usize = 1 << 20;

/// A handle on zeroed, page-aligned memory that forked children share.
#[derive(Clone, Debug)]
pub struct Mapping(Arc<Pages>);

#[derive(Debug)]
pub(super) struct Pages {
    base: NonNull<c_void>,
    mapped: NonZeroUsize,
    size: usize,
    /// The file that is mapped, kept open for the locks on it and to be sent; none for memory
    /// that only forked children can have.
    file: Option<File>,
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
        Ok(Mapping(Arc::new(Pages { base, mapped, size, file: None })))
    }

    /// Maps `size` bytes of zeroed memory that has a [`descriptor`](Self::descriptor), if there
    /// is one to spare; otherwise as [`shared`](Self::shared).
    ///
    /// A process that uses half of the descriptors that it may have open keeps the others for
    /// what cannot do without.
    ///
    /// # Errors
    /// As for [`shared`](Self::shared).
    pub fn portable(size: usize) -> io::Result<Mapping> {
        if size >= LARGE {
            drop(Mapping::shared(size)?);
        }
        let file = match new_file() {
            Ok(file) if is_to_spare(&file, size) && seal(&file, size).is_ok() => file,
            _ => return Mapping::shared(size),
        };
        Mapping::of_file(file, size)
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
        Ok(Mapping(Arc::new(Pages { base, mapped, size, file: Some(file) })))
    }

    /// Maps `size` bytes of zeroed memory that has a descriptor, by which others can map it
    /// too, and whose size nobody can change any more.
    ///
    /// # Errors
    /// Whatever `memfd_create(2)`, `ftruncate(2)`, `fcntl(2)` or `mmap(2)` refuse.
    pub fn sealed(size: usize) -> io::Result<(Mapping, OwnedFd)> {
        let file = new_file()?;
        seal(&file, size)?;
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

    /// The descriptor by which another process can map this memory: see
    /// [`arrived`](Self::arrived).
    ///
    /// # Errors
    /// `ENOTSUP` if it has none, or whatever `fstat(2)` refuses.
    pub fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        let file = self.0.file.as_ref().ok_or(Errno::ENOTSUP)?;
        mapped::note(file, &self.0)?;
        Ok(file.as_fd())
    }

    /// The memory of a descriptor that another process, or this one, has sent, which has `size`
    /// bytes: another handle on it where this process has mapped it already.
    ///
    /// # Errors
    /// As for [`of_sealed`](Self::of_sealed).
    pub fn arrived(descriptor: OwnedFd, size: usize) -> io::Result<Mapping> {
        let file = File::from(descriptor.as_fd().try_clone_to_owned()?);
        let pages = mapped::find_or(&file, size, || Ok(Mapping::of_sealed(descriptor, size)?.0))?;
        Ok(Mapping(pages))
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

impl Pages {
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

fn new_file() -> io::Result<File> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    Ok(File::from(memfd_create(c"selvedge", flags)?))
}

/// Whether a program can do without the number of this file, and the file become so long. To
/// make one longer than is allowed is answered by a deadly signal.
fn is_to_spare(file: &File, size: usize) -> bool {
    let most = |what| getrlimit(what).map_or(0, |(most, _)| most);
    let number = u64::try_from(file.as_raw_fd()).unwrap_or(u64::MAX);
    number < most(Resource::RLIMIT_NOFILE) / 2 && size as u64 <= most(Resource::RLIMIT_FSIZE)
}

fn seal(file: &File, size: usize) -> io::Result<()> {
    file.set_len(size as u64)?;
    fcntl(file, FcntlArg::F_ADD_SEALS(SEALS))?;
    Ok(())
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
        for make in [Mapping::shared, Mapping::portable] {
            let error = make(usize::MAX / 2).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(nix::libc::ENOMEM));
            assert_eq!(make(0).unwrap().size(), 0);
        }
    }

    #[test]
    fn what_arrives_is_mapped_once() {
        let made = Mapping::portable(5_000).unwrap();
        let sent = made.descriptor().unwrap().try_clone_to_owned().unwrap();
        let again = Mapping::arrived(sent.try_clone().unwrap(), 5_000).unwrap();
        assert_eq!(made.base(), again.base());
        let other = Mapping::arrived(sent.try_clone().unwrap(), 5_001).unwrap_err();
        assert_eq!(other.raw_os_error(), Some(nix::libc::EINVAL));
        drop((made, again));
        // Nobody here has it any more; the descriptor does.
        let anew = Mapping::arrived(sent, 5_000).unwrap();
        // SAFETY: the byte lies inside the mapping and nobody else has it.
        assert_eq!(unsafe { anew.base().add(4_999).read() }, 0);
        assert_eq!(
            Mapping::shared(1).unwrap().descriptor().unwrap_err().raw_os_error(),
            Some(nix::libc::ENOTSUP)
        );
    }

    #[test]
    fn descriptors_and_lengths_that_are_short_are_left_to_others() {
        let child = super::super::process::fork(|| {
            // SAFETY: what other tests have open here are copies that nobody uses.
            assert_eq!(unsafe { nix::libc::close_range(3, u32::MAX, 0) }, 0);
            let limit = |what, soft| nix::sys::resource::setrlimit(what, soft, soft).unwrap();
            let portable = |size| Mapping::portable(size).unwrap().descriptor().is_ok();
            assert!(portable(9_000));
            limit(Resource::RLIMIT_FSIZE, 8_999);
            assert!(portable(8_999) && !portable(9_000));
            limit(Resource::RLIMIT_NOFILE, 100);
            let mut all: Vec<Mapping> = (0..200).map(|_| Mapping::portable(1).unwrap()).collect();
            assert!(
                all.iter().any(|one| one.descriptor().is_ok()) && all.pop().unwrap().descriptor().is_err()
            );
            i32::from(std::io::pipe().is_err())
        })
        .unwrap();
        assert!(child.wait(None).unwrap().unwrap().success());
    }
}
