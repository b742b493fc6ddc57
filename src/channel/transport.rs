//! The descriptor behind a connection, and what one call on it moves.
//!
//! Called by [`Connection`](super::Connection).
//!
//! | kind | a chunk leaves | senders at a time | descriptors |
//! |---|---|---|---|
//! | [`Pipe`](Kind::Pipe) | in one write, which the kernel does not divide | any number | no |
//! | [`Packets`](Kind::Packets) | as one packet | any number | yes |
//! | [`Stream`](Kind::Stream) | in as many writes as it takes, under a lock of this process | any number of one process | no |
//!
//! 1. Under a scheduler a write of a chunk that the kernel does not divide is never cut
//!    short, because it never is; reads and writes of a stream may be.
//!
//! 2. Who waits for a pipe looks again for a while before it sleeps, where the platform's waits
//!    do, and takes all that has come: woken for each message, it would cost the sender more
//!    than the message does.
//!
//! When a process dies here, a chunk was moved whole or not at all, but for a stream.

use super::frame::{self, Head};
use crate::Error;
use crate::platform::{Call, Io, Kind as Direction, Native, Open};
use crate::raw::Spin;
use crate::sync::Mutex;
use crate::sys::socket;
use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What a descriptor does with the bytes it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Kind {
    Pipe,
    Packets,
    Stream,
}

impl Kind {
    /// The longest chunk, with its head.
    pub(super) fn limit(self) -> usize {
        match self {
            Kind::Pipe => socket::ATOMIC,
            Kind::Packets | Kind::Stream => 1 << 16,
        }
    }

    /// How many bytes are asked for at a time. What comes in a stream of bytes is read
    /// ahead, because a call costs more than a copy.
    pub(super) fn inbox(self) -> usize {
        match self {
            Kind::Pipe => 4 * self.limit(),
            Kind::Packets => self.limit(),
            Kind::Stream => 2 * self.limit(),
        }
    }
}

/// A message of up to so many bytes is put together with its head before it is written.
const SHORT: usize = 252;

/// An open descriptor of some kind.
pub(super) struct Transport<P: Io = Native> {
    pub(super) kind: Kind,
    fd: Open<OwnedFd, P>,
    /// How long it is worth looking for what comes.
    spin: Spin,
    /// Taken by whoever writes to a stream.
    turn: Option<Box<Mutex<(), P>>>,
}

impl<P: Io> Transport<P> {
    pub(super) fn new(kind: Kind, fd: OwnedFd) -> Transport<P> {
        let turn = (kind == Kind::Stream).then(|| Box::new(Mutex::new(())));
        Transport { kind, fd: Open::new(fd), spin: Spin::new(), turn }
    }

    fn call(&self, kind: Direction, name: &'static str, site: P::Site) -> Call<'_, P::Site> {
        Call { kind, name, fd: self.fd.as_fd(), site }
    }

    /// Whether all that has come is asked for at a time. Who asks for more than a message of a
    /// stream of bytes, and does not look for a while, empties it, falls asleep, and has to be
    /// woken for each message.
    pub(super) fn reads_ahead(&self) -> bool {
        self.kind == Kind::Packets || self.kind == Kind::Pipe && P::SPIN > 0
    }

    /// Takes what comes within a time for which it is better to look than to sleep; 0 if nothing
    /// did, or ever will again.
    pub(super) fn read_soon(&self, buffer: &mut [u8]) -> usize {
        if self.kind != Kind::Pipe {
            return 0;
        }
        let fd = self.fd.as_fd();
        // An error is met again by the read that follows.
        let look = || socket::read_now(fd, buffer).unwrap_or(Some(0));
        self.spin.until_sparsely::<P, _>(Spin::CALL, None, look).unwrap_or(0)
    }

    /// Waits until something has come or `deadline` passed; false if it passed.
    pub(super) fn wait(&self, deadline: Option<u64>, site: P::Site) -> io::Result<bool> {
        again(|| P::ready(self.call(Direction::Input, "poll", site), deadline))
    }

    /// Takes what has come, at least one byte; 0 if nothing ever will again.
    pub(super) fn read(
        &self,
        buffer: &mut [u8],
        descriptors: &mut Vec<OwnedFd>,
        site: P::Site,
    ) -> io::Result<usize> {
        let fd = self.fd.as_fd();
        loop {
            let call = self.call(Direction::Input, "recv", site);
            let result = if self.kind == Kind::Packets {
                let mut count = 0;
                let received = P::transfer(call, 1, |_| {
                    count = socket::receive_packet(fd, buffer, descriptors)?;
                    Ok(1)
                });
                received.map(|_| count)
            } else {
                P::transfer(call, buffer.len(), |range| socket::read(fd, &mut buffer[range]))
            };
            match result {
                // The other end was closed with something unread in it. That is told once,
                // before what this end can still read.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Sends a chunk, and `descriptors` with it.
    pub(super) fn write(
        &self,
        head: &Head,
        bytes: &[u8],
        descriptors: &[BorrowedFd<'_>],
        site: P::Site,
    ) -> io::Result<()> {
        let fd = self.fd.as_fd();
        let whole = |body: &mut dyn FnMut() -> io::Result<usize>| {
            let call = self.call(Direction::Output, "send", site);
            again(|| P::transfer(call, 1, |_| body().map(|_| 1))).map(drop)
        };
        let head = head.as_slice();
        match self.kind {
            Kind::Packets => whole(&mut || {
                socket::send_packet(fd, &[IoSlice::new(head), IoSlice::new(bytes)], descriptors)
            }),
            Kind::Pipe => whole(&mut || socket::write_both(fd, head, bytes)),
            Kind::Stream => {
                let chunk = [head, bytes].concat();
                let mut rest = chunk.as_slice();
                while !rest.is_empty() {
                    let call = self.call(Direction::Output, "send", site);
                    let sent = again(|| {
                        P::transfer(call, rest.len(), |range| {
                            socket::send_packet(fd, &[IoSlice::new(&rest[range])], &[])
                        })
                    })?;
                    rest = &rest[sent..];
                }
                Ok(())
            }
        }
    }

    /// Sends a short message through a pipe; false if it is not short, or this no pipe.
    ///
    /// To copy a few bytes costs less than to tell the kernel of two places.
    #[inline]
    pub(super) fn write_short(&self, bytes: &[u8], site: P::Site) -> io::Result<bool> {
        if self.kind != Kind::Pipe || bytes.len() > SHORT {
            return Ok(false);
        }
        let mut chunk = [MaybeUninit::uninit(); frame::WORD + SHORT];
        let (head, rest) = chunk.split_at_mut(frame::WORD);
        head.write_copy_of_slice(&frame::whole(bytes.len()));
        rest[..bytes.len()].write_copy_of_slice(bytes);
        // SAFETY: so many bytes were just written.
        let chunk = unsafe { chunk[..frame::WORD + bytes.len()].assume_init_ref() };
        loop {
            let call = self.call(Direction::Output, "send", site);
            match P::transfer(call, 1, |_| socket::write(self.fd.as_fd(), chunk).map(|_| 1)) {
                Ok(_) => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Does `body` while nobody else in this process writes.
    pub(super) fn alone(&self, body: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
        // Nothing panics under this lock.
        let _turn = self.turn.as_ref().map(|turn| turn.lock().unwrap_or_else(|error| error.into_inner()));
        body()
    }
}

impl<P: Io> AsFd for Transport<P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Repeats a call that was interrupted before it did anything.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
