//! A set of descriptors that the operating system watches: it is told once what somebody waits
//! for, and what it answers costs as much as there are ready, however many are not.
//!
//! Used by [`descriptor`](super::descriptor). All processes of an exploration have one set
//! in common, which the controller made before it forked them; so whoever decides learns in a
//! single call what is ready in any of them. What is in a set is known to the operating system by
//! its number and its open file. A second task that waits for the same, be it of the same process
//! or of a forked one, therefore comes into it by way of a set of its own.
//!
//! ```text
//!  number and file ──> common set <── own set <── the same number and file
//! ```
//!
//! 1. A set keeps no file open: pipes end as they do without it.
//! 2. What is told is what poll(2) would say at that moment.
//! 3. A wait has a number that no other has. What is told of one that is over (its process was
//!    killed, while another has the file open) says nothing about the next.
//!
//! When a process dies here, its own sets are gone with it, and the common one forgets the files
//! that nobody else has open.
//!
//! Source: epoll(7).

use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// How many that are ready are first reckoned with.
const AT_ONCE: usize = 64;

/// A set, by the number of its descriptor: plain data, which says the same in every process that
/// was forked after the set was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(in crate::kernel) struct Set(i32);

/// How the descriptor is watched for which a task waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, u32)]
pub(in crate::kernel) enum Watch {
    /// It is not.
    Nowhere,
    /// In the common set, under this number.
    Common(i32),
    /// In a set of its own.
    Own(Set),
}

impl Set {
    pub(in crate::kernel) fn new() -> nix::Result<Set> {
        let Epoll(fd) = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        Ok(Set(fd.into_raw_fd()))
    }

    fn epoll(&self) -> ManuallyDrop<Epoll> {
        // SAFETY: only `close` closes it, and consumes the last copy that is used.
        ManuallyDrop::new(Epoll(unsafe { OwnedFd::from_raw_fd(self.0) }))
    }

    pub(in crate::kernel) fn close(self) {
        drop(ManuallyDrop::into_inner(self.epoll()));
    }

    /// Has a descriptor watched, and what is told of it carry `number`.
    ///
    /// # Errors
    /// `EPERM` for a plain file or a folder, `ELOOP` or `EINVAL` for a set of sets of sets, and
    /// whatever else epoll_ctl(2) refuses.
    pub(in crate::kernel) fn watch(
        &self,
        fd: BorrowedFd<'_>,
        direction: PollFlags,
        number: u64,
    ) -> nix::Result<Watch> {
        use std::os::fd::AsRawFd;
        match self.add(fd, direction, number) {
            Err(Errno::EEXIST) => {}
            result => return result.map(|()| Watch::Common(fd.as_raw_fd())),
        }
        let own = Set::new()?;
        let added = own.add(fd, direction, number);
        let added = added.and_then(|()| self.add(own.epoll().0.as_fd(), PollFlags::POLLIN, number));
        if added.is_err() {
            own.close();
        }
        added.map(|()| Watch::Own(own))
    }

    fn add(&self, fd: BorrowedFd<'_>, direction: PollFlags, number: u64) -> nix::Result<()> {
        let events = if direction == PollFlags::POLLOUT { EpollFlags::EPOLLOUT } else { EpollFlags::EPOLLIN };
        self.epoll().add(fd, EpollEvent::new(events, number))
    }

    /// Ends what [`watch`](Set::watch) began, in the process that began it.
    pub(in crate::kernel) fn forget(&self, watch: Watch) {
        match watch {
            Watch::Nowhere => {}
            Watch::Common(fd) => {
                // SAFETY: used for one call, which refuses what is not open or not in the set.
                let _ = self.epoll().delete(unsafe { BorrowedFd::borrow_raw(fd) });
            }
            Watch::Own(own) => own.close(),
        }
    }

    /// Calls `found` with the number of each that is ready; false if that cannot be known.
    pub(in crate::kernel) fn tell(&self, mut found: impl FnMut(u64)) -> bool {
        let mut few = [EpollEvent::empty(); AT_ONCE];
        let mut many = Vec::new();
        let mut events = &mut few[..];
        loop {
            match self.epoll().wait(events, EpollTimeout::ZERO) {
                Ok(count) if count < events.len() => {
                    events[..count].iter().for_each(|event| found(event.data()));
                    return true;
                }
                // There may be more than it had room for: all of them are told again.
                Ok(count) => {
                    many.resize(2 * count, EpollEvent::empty());
                    events = &mut many;
                }
                Err(Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write, pipe};

    fn told(set: &Set) -> Vec<u64> {
        let mut all = Vec::new();
        assert!(set.tell(|number| all.push(number)));
        all.sort_unstable();
        all
    }

    #[test]
    fn it_tells_what_is_ready_and_how_long() {
        let set = Set::new().unwrap();
        let pipes: Vec<_> = (0..2 * AT_ONCE + 1).map(|_| pipe().unwrap()).collect();
        for ((reader, _), number) in pipes.iter().zip(0..) {
            set.watch(reader.as_fd(), PollFlags::POLLIN, number).unwrap();
        }
        assert!(told(&set).is_empty());
        for several in [1, AT_ONCE, pipes.len()] {
            pipes[..several].iter().for_each(|(_, writer)| _ = (&*writer).write(b"x").unwrap());
            assert_eq!(told(&set), (0..several as u64).collect::<Vec<_>>());
            pipes[..several].iter().for_each(|(reader, _)| _ = (&*reader).read(&mut [0]).unwrap());
            assert!(told(&set).is_empty());
        }
        set.close();
    }

    #[test]
    fn several_wait_for_the_same() {
        let set = Set::new().unwrap();
        let (reader, mut writer) = pipe().unwrap();
        let watch = |number| set.watch(reader.as_fd(), PollFlags::POLLIN, number).unwrap();
        let [first, second, third] = [1, 2, 3].map(watch);
        assert!(matches!((first, second), (Watch::Common(_), Watch::Own(_))), "{first:?}, {second:?}");
        writer.write_all(b"x").unwrap();
        assert_eq!(told(&set), [1, 2, 3]);
        set.forget(second);
        assert_eq!(told(&set), [1, 3]);
        set.forget(first);
        assert_eq!(told(&set), [3]);
        assert!(matches!(watch(4), Watch::Common(_)));
        set.forget(third);
        assert_eq!(told(&set), [4]);
        drop(reader);
        assert!(told(&set).is_empty(), "a set keeps no file open");
        set.close();
    }

    #[test]
    fn what_is_always_ready_is_refused() {
        let set = Set::new().unwrap();
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        assert_eq!(set.watch(file.as_fd(), PollFlags::POLLIN, 1), Err(Errno::EPERM));
        set.close();
    }
}
