//! Waiting for many files at a time.
//!
//! Called by programs that serve many clients in one thread, and by
//! [`Server`](super::Server).
//!
//! | a file | `select` tells it | its [`Key`] |
//! |---|---|---|
//! | registered | when it is ready for what was asked | finds it |
//! | told, with [`one_shot`](Interest::one_shot) | not before [`modify`](Selector::modify) | finds it |
//! | unregistered | never | finds nothing, for ever |
//!
//! 1. The selector has what is registered, and gives it back: no file can be closed and
//!    its number be reused while it is waited for. (One that was registered as a reference
//!    or a shared pointer lives at least as long as that.)
//! 2. A key names one registration and is never used again, so that an event that was
//!    told before its file was unregistered names nobody else's.
//! 3. Waiting is one step, enabled when any of the files is ready; the files are told in
//!    the order in which they were registered.
//! 4. A signal does not end a wait; its handler has run.
//!
//! When the process dies here, the kernel forgets the selector once nobody has it. A forked
//! child has a copy that is the *same* selector to the kernel, but knows what was
//! registered before the fork only: the child should make its own.

use super::interest::{Interest, Ready};
use super::waker::Waker;
use crate::Error;
use crate::platform::{Io, Native, PollSet, Site};
use nix::errno::Errno;
use nix::sys::epoll::{EpollEvent, EpollFlags};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Index, IndexMut};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// How many files are told at a time; the others are told the next time.
const AT_ONCE: usize = 1024;
/// The number under which the waker is registered.
const WAKER: u64 = 0;

/// Names a file that is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u64);

/// A file that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Which one.
    pub key: Key,
    /// What for.
    pub ready: Ready,
}

/// A file that could not be registered: here it is again.
#[derive(thiserror::Error)]
#[error("{error}")]
pub struct NotRegistered<F> {
    /// What was to be registered.
    pub file: F,
    /// Why it was not.
    #[source]
    pub error: Error,
}

impl<F> fmt::Debug for NotRegistered<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotRegistered").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<F> From<NotRegistered<F>> for Error {
    fn from(refused: NotRegistered<F>) -> Error {
        refused.error
    }
}

struct Entry<F> {
    file: F,
    interest: Interest,
}

/// Files, and which of them are ready.
///
/// `F` is what the program wants to be told of: a socket, or a structure with one in it and
/// all else that belongs to its client. It has one descriptor for as long as it is here.
///
/// ```
/// use selvedge::net::{Interest, Selector};
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// let (mut far, near) = UnixStream::pair()?;
/// let mut selector: Selector<UnixStream> = Selector::new()?;
/// let key = selector.register(near, Interest::READABLE)?;
/// far.write_all(b"hello")?;
/// for event in selector.select(None)? {
///     assert!(event.key == key && event.ready.is_readable());
///     let mut text = [0; 5];
///     selector[event.key].read_exact(&mut text)?;
///     assert_eq!(&text, b"hello");
/// }
/// let near: UnixStream = selector.unregister(key)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "DefaultSelector")]
#[doc(alias = "EpollSelector")]
#[doc(alias = "epoll")]
pub struct Selector<F, P: Io = Native> {
    set: PollSet<P>,
    files: BTreeMap<u64, Entry<F>>,
    next: u64,
    waker: Option<Waker<P>>,
}

fn os(operation: &'static str) -> impl FnOnce(Errno) -> Error {
    move |errno| Error::os(operation)(errno.into())
}

fn check(interest: Interest) -> Result<(), Error> {
    if interest.is_exclusive() && (interest.is_one_shot() || interest.contains(Interest::PRIORITY)) {
        return Err(Error::InvalidArgument {
            what: "the interest",
            given: format!("{interest:?}"),
            allowed: "without one_shot and PRIORITY if it is exclusive".to_owned(),
        });
    }
    Ok(())
}

/// The flags that the kernel takes.
fn flags(interest: Interest) -> EpollFlags {
    let flags = interest.flags();
    // The end of the file is always told; a file of several selectors cannot ask for it.
    if interest.is_exclusive() { flags - EpollFlags::EPOLLRDHUP } else { flags }
}

impl<F: AsFd, P: Io> Selector<F, P> {
    /// A selector without files.
    ///
    /// # Errors
    /// [`Error::Os`], where there are too many descriptors.
    #[track_caller]
    pub fn new() -> Result<Self, Error> {
        P::made("Selector");
        Ok(Selector { set: PollSet::new()?, files: BTreeMap::new(), next: WAKER + 1, waker: None })
    }

    /// Also waits for this file from now on. To have it back when that is refused, match
    /// the error; `?` closes it.
    ///
    /// # Errors
    /// [`NotRegistered`], with [`Error::Os`] for a reason: `EEXIST` if it is registered
    /// already, `EPERM` for a plain file or a folder, which never have to be waited for.
    pub fn register(&mut self, file: F, interest: Interest) -> Result<Key, NotRegistered<F>> {
        let number = self.next;
        let added = check(interest)
            .and_then(|()| self.set.add(file.as_fd(), flags(interest), number).map_err(os("register")));
        if let Err(error) = added {
            return Err(NotRegistered { file, error });
        }
        self.next += 1;
        self.files.insert(number, Entry { file, interest });
        Ok(Key(number))
    }

    /// Waits for something else of a file, or again for the same.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing is registered under this key, or one of the two
    /// interests is exclusive; or [`Error::Os`].
    pub fn modify(&mut self, key: Key, interest: Interest) -> Result<(), Error> {
        let entry = self.files.get_mut(&key.0).ok_or_else(|| unknown(key))?;
        if entry.interest.is_exclusive() || interest.is_exclusive() {
            return Err(Error::InvalidArgument {
                what: "the interest",
                given: "exclusive".to_owned(),
                allowed: "another one: what is exclusive is unregistered, and registered anew".to_owned(),
            });
        }
        self.set.modify(entry.file.as_fd(), flags(interest), key.0).map_err(os("modify"))?;
        entry.interest = interest;
        Ok(())
    }

    /// Waits no longer for this file, and gives it back.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if nothing is registered under this key.
    pub fn unregister(&mut self, key: Key) -> Result<F, Error> {
        let entry = self.files.remove(&key.0).ok_or_else(|| unknown(key))?;
        // A file that was exchanged for another by its owner is not there any more.
        self.set.remove(entry.file.as_fd());
        Ok(entry.file)
    }

    /// Waits until at least one file is ready, but not much longer than `timeout` (`None`
    /// for ever); returns those that are. The list is empty if the time passed first, or if
    /// somebody [woke](Self::waker) it.
    ///
    /// # Errors
    /// [`Error::Os`], which nothing is known to cause.
    #[track_caller]
    pub fn select(&self, timeout: impl Into<Option<Duration>>) -> Result<Vec<Event>, Error> {
        let site = P::Site::here();
        self.select_until(timeout.into().map(P::deadline), AT_ONCE, site)
    }

    /// As [`select`](Self::select), until a deadline on the platform's clock, and with at most
    /// so many events.
    pub(super) fn select_until(
        &self,
        deadline: Option<u64>,
        most: usize,
        site: P::Site,
    ) -> Result<Vec<Event>, Error> {
        // One more for the waker.
        let most = most.min(self.files.len()) + 1;
        let mut found = self.set.wait("select", most, deadline, site)?;
        found.sort_unstable_by_key(EpollEvent::data);
        Ok(found.iter().filter_map(|event| self.event(event)).collect())
    }

    fn event(&self, event: &EpollEvent) -> Option<Event> {
        let number = event.data();
        if number == WAKER {
            self.waker.as_ref()?.clear();
            return None;
        }
        let ready = Ready::new(event.events(), self.files.get(&number)?.interest);
        Some(Event { key: Key(number), ready })
    }

    /// What ends a wait of this selector from elsewhere. The first call makes it.
    ///
    /// # Errors
    /// [`Error::Os`], where there are too many descriptors.
    #[doc(alias = "eventfd")]
    pub fn waker(&mut self) -> Result<Waker<P>, Error> {
        if let Some(waker) = &self.waker {
            return Ok(waker.clone());
        }
        let waker = Waker::new()?;
        self.set.add(waker.as_fd(), EpollFlags::EPOLLIN, WAKER).map_err(os("register"))?;
        self.waker = Some(waker.clone());
        Ok(waker)
    }

    /// The file under this key.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&F> {
        self.files.get(&key.0).map(|entry| &entry.file)
    }

    /// The file under this key. It must keep its descriptor.
    #[must_use]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut F> {
        self.files.get_mut(&key.0).map(|entry| &mut entry.file)
    }

    /// What is waited for of the file under this key.
    #[must_use]
    pub fn interest(&self, key: Key) -> Option<Interest> {
        self.files.get(&key.0).map(|entry| entry.interest)
    }

    /// All files, in the order in which they were registered.
    #[doc(alias = "get_map")]
    pub fn iter(&self) -> impl Iterator<Item = (Key, &F)> {
        self.files.iter().map(|(number, entry)| (Key(*number), &entry.file))
    }

    /// How many files are registered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether no file is registered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

fn unknown(key: Key) -> Error {
    Error::InvalidArgument {
        what: "the key",
        given: format!("that of registration {}", key.0),
        allowed: "one that register() returned and that was not unregistered".to_owned(),
    }
}

impl<F: AsFd, P: Io> Index<Key> for Selector<F, P> {
    type Output = F;

    /// # Panics
    /// If nothing is registered under this key; [`get`](Selector::get) says so.
    #[track_caller]
    fn index(&self, key: Key) -> &F {
        match self.get(key) {
            Some(file) => file,
            None => panic!("{}", unknown(key)),
        }
    }
}

impl<F: AsFd, P: Io> IndexMut<Key> for Selector<F, P> {
    #[track_caller]
    fn index_mut(&mut self, key: Key) -> &mut F {
        match self.get_mut(key) {
            Some(file) => file,
            None => panic!("{}", unknown(key)),
        }
    }
}

impl<F, P: Io> AsFd for Selector<F, P> {
    /// Readable when one of its files is ready: a selector can be registered with another.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.set.as_fd()
    }
}

impl<F, P: Io> fmt::Debug for Selector<F, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector").field("files", &self.files.len()).finish_non_exhaustive()
    }
}
