//! What is waited for of a file, and what was found.
//!
//! An [`Interest`] is given to a [`Selector`](super::Selector), which answers with a
//! [`Ready`].
//!
//! | of a file | [`Interest`] | [`Ready`] |
//! |---|---|---|
//! | a read would not block: bytes, a client, the end of the file | `READABLE` | `is_readable` |
//! | a write would not block | `WRITABLE` | `is_writable` |
//! | urgent bytes | `PRIORITY` | `is_priority` |
//! | the other end sends nothing more | always | `is_closed` |
//! | an error waits to be asked for | always | `is_error` |
//!
//! 1. There is no empty interest and no unknown one.
//!
//! When a process dies here, nothing is left: these are numbers.
//!
//! Source: epoll_ctl(2).

use nix::sys::epoll::EpollFlags;
use std::fmt;
use std::ops::BitOr;

/// What is waited for, and how often it is told; two are joined by `|`.
///
/// A file is told again and again for as long as it is ready, unless one of the methods
/// says otherwise.
///
/// ```
/// use selvedge::net::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.contains(Interest::WRITABLE) && !Interest::READABLE.contains(both));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest(EpollFlags);

impl Interest {
    /// That a read would not block.
    #[doc(alias = "EVENT_READ")]
    #[doc(alias = "EPOLLIN")]
    pub const READABLE: Interest = Interest(EpollFlags::EPOLLIN.union(EpollFlags::EPOLLRDHUP));
    /// That a write would not block.
    #[doc(alias = "EVENT_WRITE")]
    #[doc(alias = "EPOLLOUT")]
    pub const WRITABLE: Interest = Interest(EpollFlags::EPOLLOUT);
    /// That there are urgent bytes.
    #[doc(alias = "EPOLLPRI")]
    pub const PRIORITY: Interest = Interest(EpollFlags::EPOLLPRI);

    /// Is told once each time that something has changed, and not again because it is still
    /// so. Whoever is told must read or write until that would block: what he leaves is
    /// not told of.
    #[doc(alias = "EPOLLET")]
    #[must_use]
    pub const fn edge(self) -> Interest {
        Interest(self.0.union(EpollFlags::EPOLLET))
    }

    /// Is told once, and then not before it was [modified](super::Selector::modify).
    #[doc(alias = "EPOLLONESHOT")]
    #[must_use]
    pub const fn one_shot(self) -> Interest {
        Interest(self.0.union(EpollFlags::EPOLLONESHOT))
    }

    /// Where several selectors wait for one file, at least one of them is told, and not
    /// always all. Cannot be joined with [`one_shot`](Self::one_shot), nor modified.
    #[doc(alias = "EPOLLEXCLUSIVE")]
    #[must_use]
    pub const fn exclusive(self) -> Interest {
        Interest(self.0.union(EpollFlags::EPOLLEXCLUSIVE))
    }

    /// Whether everything in `other` is in this one.
    #[must_use]
    pub const fn contains(self, other: Interest) -> bool {
        self.0.contains(other.0)
    }

    pub(super) fn flags(self) -> EpollFlags {
        self.0
    }

    pub(super) fn is_exclusive(self) -> bool {
        self.0.contains(EpollFlags::EPOLLEXCLUSIVE)
    }

    pub(super) fn is_one_shot(self) -> bool {
        self.0.contains(EpollFlags::EPOLLONESHOT)
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }
}

/// The names of what holds, joined.
fn names(of: &[(&'static str, bool)]) -> String {
    let names: Vec<&str> = of.iter().filter(|(_, holds)| *holds).map(|(name, _)| *name).collect();
    names.join(" | ")
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = names(&[
            ("READABLE", self.contains(Interest::READABLE)),
            ("WRITABLE", self.contains(Interest::WRITABLE)),
            ("PRIORITY", self.contains(Interest::PRIORITY)),
            ("edge", self.0.contains(EpollFlags::EPOLLET)),
            ("one_shot", self.is_one_shot()),
            ("exclusive", self.is_exclusive()),
        ]);
        f.write_str(&text)
    }
}

/// What holds of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ready {
    found: EpollFlags,
    wanted: Interest,
}

impl Ready {
    pub(super) fn new(found: EpollFlags, wanted: Interest) -> Ready {
        Ready { found, wanted }
    }

    fn has(self, any_of: EpollFlags) -> bool {
        self.found.intersects(any_of)
    }

    /// A read would not block, which was waited for. So it is at the end of the file, and
    /// where the read would fail.
    #[must_use]
    pub fn is_readable(self) -> bool {
        let ends = EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        self.wanted.contains(Interest::READABLE) && self.has(EpollFlags::EPOLLIN | ends)
    }

    /// A write would not block, which was waited for. So it is where the write would fail.
    #[must_use]
    pub fn is_writable(self) -> bool {
        let ends = EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        self.wanted.contains(Interest::WRITABLE) && self.has(EpollFlags::EPOLLOUT | ends)
    }

    /// There are urgent bytes.
    #[must_use]
    pub fn is_priority(self) -> bool {
        self.has(EpollFlags::EPOLLPRI)
    }

    /// The other end will send nothing more; there may be something left to read.
    #[doc(alias = "EPOLLHUP")]
    #[doc(alias = "EPOLLRDHUP")]
    #[must_use]
    pub fn is_closed(self) -> bool {
        self.has(EpollFlags::EPOLLHUP | EpollFlags::EPOLLRDHUP)
    }

    /// Something went wrong; the next call on the file says what.
    #[doc(alias = "EPOLLERR")]
    #[must_use]
    pub fn is_error(self) -> bool {
        self.has(EpollFlags::EPOLLERR)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = names(&[
            ("readable", self.is_readable()),
            ("writable", self.is_writable()),
            ("priority", self.is_priority()),
            ("closed", self.is_closed()),
            ("error", self.is_error()),
        ]);
        f.write_str(&text)
    }
}
