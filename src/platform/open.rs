//! A descriptor of which its platform keeps account while it is open.
//!
//! Owned by everything that has a descriptor of its own: pipes, sockets, listeners, locked
//! files, sets of descriptors.
//!
//! 1. The platform is told of the end before the descriptor is closed, and at every end: what it
//!    believes to be open is open, and no other descriptor has that number meanwhile.
//!
//! When a process dies here, the operating system closes its descriptors; where processes are
//! fibers, the platform closes those of which it keeps account.

use super::Io;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, BorrowedFd};

/// What has an open descriptor.
pub(crate) struct Open<T, P: Io> {
    /// Held for its destructor, which runs before that of what follows.
    _watch: P::Watch,
    file: T,
}

impl<T: AsFd, P: Io> Open<T, P> {
    pub(crate) fn new(file: T) -> Self {
        Open { _watch: P::watch(file.as_fd()), file }
    }

    /// What has the descriptor, of which no account is kept any more.
    pub(crate) fn into_inner(self) -> T {
        self.file
    }
}

impl<T, P: Io> Deref for Open<T, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.file
    }
}

impl<T, P: Io> DerefMut for Open<T, P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.file
    }
}

impl<T: AsFd, P: Io> AsFd for Open<T, P> {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
