//! Waiting once for several files, in all three directions.
//!
//! Called by programs that wait rarely, or for a few; who waits again and again for the
//! same files keeps a [`Selector`](super::Selector).
//!
//! 1. Any number of files, of any number: there is no limit of 1024.
//! 2. A plain file, which never has to be waited for, is always ready.
//! 3. A signal does not end a wait; its handler has run.
//!
//! When the process dies here, nothing is left.
//!
//! Source: select(2), for what is ready; epoll(7) does the work.

use super::interest::Interest;
use super::selector::Selector;
use crate::Error;
use crate::platform::{Io, Site};
use nix::errno::Errno;
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

/// Which files are ready, by their places in the lists that were given, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Those that can be read.
    pub readable: Vec<usize>,
    /// Those that can be written.
    pub writable: Vec<usize>,
    /// Those with urgent bytes.
    pub priority: Vec<usize>,
}

impl Selected {
    /// Whether the time passed first.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.readable.is_empty() && self.writable.is_empty() && self.priority.is_empty()
    }
}

/// What was asked and found of one descriptor.
struct Asked<'fd> {
    fd: BorrowedFd<'fd>,
    interest: Interest,
    found: [bool; 3],
}

const DIRECTIONS: [Interest; 3] = [Interest::READABLE, Interest::WRITABLE, Interest::PRIORITY];

/// Waits until at least one file of the lists is ready, but not much longer than `timeout`
/// (`None` for ever): one of `readers` to be read, of `writers` to be written, of `urgent`
/// because it has urgent bytes. The same file may be in several lists.
///
/// ```
/// use selvedge::net::select;
/// use selvedge::platform::Native;
/// use std::io::Write;
/// use std::os::fd::AsFd;
/// use std::os::unix::net::UnixStream;
/// use std::time::Duration;
///
/// let (mut far, near) = UnixStream::pair()?;
/// far.write_all(b"hello")?;
/// let both = [far.as_fd(), near.as_fd()];
/// let selected = select::<Native>(&both, &both[..1], &[], Duration::from_secs(9))?;
/// assert_eq!((selected.readable, selected.writable), (vec![1], vec![0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Os`]: `EBADF` if one of them is not open.
#[track_caller]
pub fn select<P: Io>(
    readers: &[BorrowedFd<'_>],
    writers: &[BorrowedFd<'_>],
    urgent: &[BorrowedFd<'_>],
    timeout: impl Into<Option<Duration>>,
) -> Result<Selected, Error> {
    let site = P::Site::here();
    let mut deadline = timeout.into().map(P::deadline);
    let lists = [readers, writers, urgent];
    let mut asked: BTreeMap<RawFd, Asked<'_>> = BTreeMap::new();
    for (list, interest) in lists.iter().zip(DIRECTIONS) {
        for &fd in *list {
            let new = Asked { fd, interest, found: [false; 3] };
            let entry = asked.entry(fd.as_raw_fd()).or_insert(new);
            entry.interest = entry.interest | interest;
        }
    }
    let mut selector = Selector::<BorrowedFd<'_>, P>::new()?;
    for asked in asked.values_mut() {
        match selector.register(asked.fd, asked.interest) {
            Ok(_) => {}
            Err(refused) if is_plain_file(&refused.error) => {
                asked.found = [true, true, false];
                deadline = Some(0);
            }
            Err(refused) => return Err(refused.error),
        }
    }
    for event in selector.select_until(deadline, usize::MAX, site)? {
        let ready = event.ready;
        if let Some(asked) = asked.get_mut(&selector[event.key].as_raw_fd()) {
            asked.found = [ready.is_readable(), ready.is_writable(), ready.is_priority()];
        }
    }
    let places = |direction: usize| -> Vec<usize> {
        let ready = |fd: &BorrowedFd<'_>| asked[&fd.as_raw_fd()].found[direction];
        lists[direction].iter().enumerate().filter_map(|(place, fd)| ready(fd).then_some(place)).collect()
    };
    Ok(Selected { readable: places(0), writable: places(1), priority: places(2) })
}

fn is_plain_file(error: &Error) -> bool {
    matches!(error, Error::Os { source, .. } if source.raw_os_error() == Some(Errno::EPERM as i32))
}
