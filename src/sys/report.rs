//! What is told of a child that is no copy of its parent: its last words, and, where
//! somebody else waits for it, how it ended.
//!
//! Called by [`process`](super::process) in the parent, by the child as it panics, and by
//! a fork server for its children.
//!
//! | the child | who reports | when |
//! |---|---|---|
//! | was executed by its parent | itself | when it panics: words only |
//! | was forked by a server | the server | when it has ended: status and words |
//!
//! 1. At most one report comes, in one packet: a number, and the words. Where the number
//!    says nothing, it is [`NO_STATUS`].
//!
//! When the reporter dies first, the other end of the socket is closed: nothing is told, and how
//! the child ended stays [unknown](ExitStatus::Unknown).

use super::socket;
use super::status::ExitStatus;
use nix::libc;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

const NO_STATUS: i32 = ExitStatus::Unknown.exit_code();
const NUMBER: usize = size_of::<i32>();
/// How many bytes of the words are told.
const ROOM: usize = 1024;

/// The end at which a report is received.
#[derive(Debug)]
pub(super) struct Report {
    socket: OwnedFd,
    /// Whether the status will be told.
    pub(super) has_status: bool,
    seen: Mutex<Option<(i32, String)>>,
}

/// Tells how a child ended, if the reporter knows, and what it said.
pub(crate) fn tell(socket: BorrowedFd<'_>, status: Option<ExitStatus>, words: &str) {
    let number = status.map_or(NO_STATUS, ExitStatus::exit_code).to_ne_bytes();
    let words = &words.as_bytes()[..words.floor_char_boundary(ROOM)];
    // A parent that is gone does not care.
    let _ = socket::send_packet(socket, &[IoSlice::new(&number), IoSlice::new(words)], &[]);
}

impl Report {
    pub(super) fn new(socket: OwnedFd, has_status: bool) -> Report {
        Report { socket, has_status, seen: Mutex::new(None) }
    }

    /// The report, waiting for it if `wait` says so.
    fn receive(&self, wait: bool) -> MutexGuard<'_, Option<(i32, String)>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffer = [0; NUMBER + ROOM];
        while seen.is_none() {
            let ready = wait || super::ready::is_ready(self.socket.as_fd(), nix::poll::PollFlags::POLLIN);
            if !ready {
                break;
            }
            let count = match socket::receive_packet(self.socket.as_fd(), &mut buffer, &mut Vec::new()) {
                Ok(count) => count,
                Err(error) if error.raw_os_error() == Some(libc::EINTR) => continue,
                Err(_) => 0,
            };
            let told = buffer[..count].split_first_chunk::<NUMBER>();
            *seen = Some(told.map_or((NO_STATUS, String::new()), |(number, words)| {
                (i32::from_ne_bytes(*number), String::from_utf8_lossy(words).into_owned())
            }));
        }
        seen
    }

    /// How the child, which has ended, did so.
    pub(super) fn status(&self) -> io::Result<ExitStatus> {
        Ok(match *self.receive(true) {
            None | Some((NO_STATUS, _)) => ExitStatus::Unknown,
            Some((number, _)) if number < 0 => ExitStatus::Signal(-number),
            Some((number, _)) => ExitStatus::Code(number),
        })
    }

    /// What it said.
    pub(super) fn words(&self) -> Option<String> {
        let seen = self.receive(false);
        seen.as_ref().map(|(_, words)| words.clone()).filter(|words| !words.is_empty())
    }
}
