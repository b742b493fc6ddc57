//! One end of a pipe through which whole messages go.
//!
//! Made by [`pipe`](super::pipe()), by listeners and clients; called by programs.
//!
//! | end | after its own `close` | after the other end is closed everywhere |
//! |---|---|---|
//! | sends | [`Error::ConnectionClosed`] | [`Error::BrokenPipe`] |
//! | receives | [`Error::ConnectionClosed`] | what is still there, then [`Error::EndOfFile`] |
//!
//! 1. A message is received whole or not at all, however long it is and however many
//!    processes send at a time (see `transport` for which).
//! 2. Only one task receives at a time: what has come is read ahead and stays with the
//!    end that read it, also when that is moved or sent to another process.
//! 3. `poll` is true if and only if a receive would return at once, with a message, the
//!    end of the file or an error.
//!
//! When a process dies here, its ends are closed. A message that it had not sent to its
//! last part is never received, and no other message suffers.

use super::frame::{self, Bytes, Inbox, Message};
use super::transport::{Kind, Transport};
use super::wire;
use crate::Error;
use crate::platform::{Io, Native, Open, Site};
use crate::sys::socket;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// One end of a connection between two processes; messages are values or bytes.
///
/// ```
/// use selvedge::{Process, pipe};
///
/// let (mut parent, mut child) = pipe(true)?;
/// let shouter = Process::spawn(move || {
///     let text: String = child.recv().unwrap();
///     child.send(&text.to_uppercase()).unwrap();
/// });
/// parent.send("quiet")?;
/// assert_eq!(parent.recv::<String>()?, "QUIET");
/// shouter.join()?;
/// # Ok::<(), selvedge::Error>(())
/// ```
pub struct Connection<P: Io = Native> {
    transport: Option<Transport<P>>,
    pub(super) readable: bool,
    pub(super) writable: bool,
    inbox: Inbox,
    /// A whole message that was found and not yet given out.
    ready: Option<Message>,
    /// Descriptors that came with the bytes in the inbox.
    descriptors: Vec<OwnedFd>,
}

impl<P: Io> Connection<P> {
    pub(crate) fn new(kind: Kind, fd: OwnedFd, readable: bool, writable: bool) -> Connection<P> {
        Connection {
            transport: Some(Transport::new(kind, fd)),
            readable,
            writable,
            inbox: Inbox::default(),
            ready: None,
            descriptors: Vec::new(),
        }
    }

    /// Whether messages can be received here.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// Whether messages can be sent here.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// Whether this end was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.transport.is_none()
    }

    /// The number of the descriptor.
    ///
    /// # Errors
    /// [`Error::ConnectionClosed`].
    pub fn fileno(&self) -> Result<RawFd, Error> {
        self.transport().map(|transport| transport.as_fd().as_raw_fd())
    }

    /// Closes this end. The other one meets the end of the file once every process that
    /// has a copy of this end has closed it, which dropping does too.
    pub fn close(&mut self) {
        self.transport = None;
        self.ready = None;
        self.inbox = Inbox::default();
        self.descriptors.clear();
    }

    /// Sends a value as one message.
    ///
    /// # Errors
    /// [`Error::WrongDirection`] at an end that only receives, [`Error::BrokenPipe`] if
    /// nobody can receive any more, [`Error::Value`] if the value cannot be encoded, or
    /// [`Error::Os`].
    #[track_caller]
    pub fn send<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Error> {
        let site = P::Site::here();
        let (bytes, descriptors) = wire::encode(value)?;
        // The copies are this process's until they are sent, and die with it.
        let copies: Vec<Open<OwnedFd, P>> = descriptors.into_iter().map(Open::new).collect();
        let descriptors: Vec<BorrowedFd<'_>> = copies.iter().map(AsFd::as_fd).collect();
        self.send_with(&bytes, &descriptors, site)
    }

    /// Sends bytes as one message.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    #[track_caller]
    pub fn send_bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        self.send_with(bytes, &[], P::Site::here())
    }

    /// As [`send_bytes`](Self::send_bytes), for a caller of this crate's.
    pub(crate) fn send_bytes_from(&self, bytes: &[u8], site: P::Site) -> Result<(), Error> {
        self.send_with(bytes, &[], site)
    }

    fn send_with(&self, bytes: &[u8], descriptors: &[BorrowedFd<'_>], site: P::Site) -> Result<(), Error> {
        let transport = self.transport()?;
        if !self.writable {
            return Err(Error::WrongDirection { can: "receive", cannot: "send" });
        }
        if descriptors.is_empty() && transport.write_short(bytes, site).map_err(sent)? {
            return Ok(());
        }
        if !descriptors.is_empty() && transport.kind != Kind::Packets {
            let why = "descriptors go through two-way pipes and Unix sockets only".to_owned();
            return Err(Error::Value { doing: "encoded", why });
        }
        if descriptors.len() > socket::MOST_DESCRIPTORS {
            let why = format!("more than {} descriptors in one message", socket::MOST_DESCRIPTORS);
            return Err(Error::Value { doing: "encoded", why });
        }
        // Those of a message go with its first chunk.
        let mut descriptors = Some(descriptors);
        P::on_behalf_of(site, || {
            transport.alone(|| {
                frame::cut(bytes, transport.kind.limit(), |head, part| {
                    transport.write(head, part, descriptors.take().unwrap_or_default(), site).map_err(sent)
                })
            })
        })
    }

    /// Receives one message as a value, waiting until there is one. No message says of what
    /// type it is, so both ends must name the same: what was sent as an `i32` may well be read
    /// as a `u32`, and is another number then.
    ///
    /// # Errors
    /// [`Error::EndOfFile`] if none will come, [`Error::WrongDirection`] at an end that
    /// only sends, [`Error::Value`] if the message cannot be of this type (it is lost),
    /// [`Error::Garbled`] if what comes is none of this crate's, or [`Error::Os`].
    #[track_caller]
    pub fn recv<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        let mut message = self.next(usize::MAX, P::Site::here())?;
        let descriptors = std::mem::take(&mut message.descriptors);
        wire::decode(self.inbox.slice(&message.bytes), descriptors)
    }

    /// Receives one message of at most `most` bytes as it is, waiting until there is one.
    ///
    /// # Errors
    /// [`Error::MessageTooLong`] if it has more; the rest of what comes cannot be told
    /// from it, so that nothing can be received here any more. Otherwise as
    /// [`recv`](Self::recv).
    #[track_caller]
    pub fn recv_bytes(&mut self, most: usize) -> Result<Vec<u8>, Error> {
        let message = self.next(most, P::Site::here())?;
        Ok(match message.bytes {
            Bytes::Apart(bytes) => bytes,
            inside => self.inbox.slice(&inside).to_vec(),
        })
    }

    /// Receives one message into `buffer` and returns how many bytes it has.
    ///
    /// # Errors
    /// [`Error::BufferTooShort`] if it has more than `buffer`: it has the message, and the
    /// connection can be used on. Otherwise as [`recv`](Self::recv).
    #[track_caller]
    pub fn recv_bytes_into(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let message = self.next(usize::MAX, P::Site::here())?;
        let bytes = self.inbox.slice(&message.bytes);
        match buffer.get_mut(..bytes.len()) {
            Some(place) => place.copy_from_slice(bytes),
            None => return Err(Error::BufferTooShort { message: bytes.to_vec(), room: buffer.len() }),
        }
        Ok(bytes.len())
    }

    /// Waits until a receive would return at once, but not much longer than `timeout`
    /// (`None` for ever); false if the time passed first.
    ///
    /// # Errors
    /// [`Error::WrongDirection`], [`Error::ConnectionClosed`], or [`Error::Os`].
    #[track_caller]
    pub fn poll(&mut self, timeout: impl Into<Option<Duration>>) -> Result<bool, Error> {
        let site = P::Site::here();
        let deadline = timeout.into().map(P::deadline);
        self.poll_until(deadline, site)
    }

    fn poll_until(&mut self, deadline: Option<u64>, site: P::Site) -> Result<bool, Error> {
        loop {
            self.check_readable()?;
            match self.look(usize::MAX) {
                Ok(true) | Err(_) => return Ok(true),
                Ok(false) => {}
            }
            if !self.transport()?.wait(deadline, site).map_err(Error::os("poll"))? {
                return Ok(false);
            }
            if self.fill(site)? == 0 {
                return Ok(true);
            }
        }
    }

    /// Receives as [`recv_bytes`](Self::recv_bytes), but fails with `ETIMEDOUT` when the
    /// deadline has passed.
    pub(crate) fn recv_until(&mut self, most: usize, deadline: u64, site: P::Site) -> Result<Vec<u8>, Error> {
        loop {
            if self.look(most)? {
                let message = self.next(most, site)?;
                return Ok(self.inbox.slice(&message.bytes).to_vec());
            }
            if !self.transport()?.wait(Some(deadline), site).map_err(Error::os("poll"))? {
                return Err(Error::os("receive")(io::ErrorKind::TimedOut.into()));
            }
            if self.fill(site)? == 0 {
                return Err(Error::EndOfFile);
            }
        }
    }

    /// Reads once what has come, and fails with [`Error::EndOfFile`] if nothing ever will.
    pub(crate) fn take_in(&mut self, site: P::Site) -> Result<(), Error> {
        if self.fill(site)? == 0 { Err(Error::EndOfFile) } else { Ok(()) }
    }

    /// The next message of at most `most` bytes, if all of it was taken in.
    pub(crate) fn come(&mut self, most: usize, site: P::Site) -> Result<Option<Vec<u8>>, Error> {
        if !self.look(most)? {
            return Ok(None);
        }
        let message = self.next(most, site)?;
        Ok(Some(self.inbox.slice(&message.bytes).to_vec()))
    }

    /// Whether a whole message is in the inbox.
    fn look(&mut self, most: usize) -> Result<bool, Error> {
        if self.ready.is_none() {
            let limit = self.transport()?.kind.limit();
            self.ready = self.inbox.next(limit, most, &mut self.descriptors)?;
        }
        Ok(self.ready.is_some())
    }

    fn next(&mut self, most: usize, site: P::Site) -> Result<Message, Error> {
        self.check_readable()?;
        loop {
            match self.look(most) {
                Ok(true) => {}
                Ok(false) if self.fill_soon()? => continue,
                Ok(false) if self.fill(site)? == 0 => return Err(Error::EndOfFile),
                Ok(false) => continue,
                Err(error) => {
                    // Where the next message begins is not known any more.
                    self.readable = false;
                    return Err(error);
                }
            }
            let Some(message) = self.ready.take() else { continue };
            let len = self.inbox.slice(&message.bytes).len();
            if len > most {
                // It was found whole by a poll.
                self.readable = false;
                return Err(Error::MessageTooLong { len: len as u64, most });
            }
            return Ok(message);
        }
    }

    /// Takes into the inbox what comes while it pays to look; false if nothing did.
    fn fill_soon(&mut self) -> Result<bool, Error> {
        let Some(transport) = &self.transport else { return Err(Error::ConnectionClosed) };
        let count = transport.read_soon(self.inbox.free(transport.kind.inbox(), transport.reads_ahead()));
        self.inbox.came(count);
        Ok(count > 0)
    }

    /// Takes what has come into the inbox; 0 if nothing ever will again.
    fn fill(&mut self, site: P::Site) -> Result<usize, Error> {
        let Some(transport) = &self.transport else { return Err(Error::ConnectionClosed) };
        let room = self.inbox.free(transport.kind.inbox(), transport.reads_ahead());
        let count = transport.read(room, &mut self.descriptors, site).map_err(Error::os("receive"))?;
        self.inbox.came(count);
        Ok(count)
    }

    fn check_readable(&self) -> Result<(), Error> {
        self.transport()?;
        if self.readable { Ok(()) } else { Err(Error::WrongDirection { can: "send", cannot: "receive" }) }
    }

    fn transport(&self) -> Result<&Transport<P>, Error> {
        self.transport.as_ref().ok_or(Error::ConnectionClosed)
    }

    /// Whether a whole message has come already.
    pub(super) fn has_message(&self) -> bool {
        let kind = self.transport.as_ref().map(|transport| transport.kind);
        self.ready.is_some() || kind.is_some_and(|kind| self.inbox.has_chunk(kind.limit()))
    }

    /// An end that only sends, by a copy of the descriptor: for another thread.
    pub(crate) fn for_sending(&self) -> Result<Connection<P>, Error> {
        let transport = self.transport()?;
        let copy = transport.as_fd().try_clone_to_owned().map_err(Error::os("dup"))?;
        Ok(Connection::new(transport.kind, copy, false, self.writable))
    }

    /// What must go with this end when it goes to another process.
    pub(super) fn luggage(&self) -> Result<(Kind, BorrowedFd<'_>, &[u8]), Error> {
        let transport = self.transport()?;
        let why = "a message is half received; receive it first".to_owned();
        let unread = self.inbox.unread().filter(|_| self.ready.is_none() && self.descriptors.is_empty());
        let unread = unread.ok_or(Error::Value { doing: "encoded", why })?;
        Ok((transport.kind, transport.as_fd(), unread))
    }

    /// An end that came from another process, with what that had read ahead.
    pub(super) fn arrived(mut self, unread: Vec<u8>) -> Self {
        self.inbox = Inbox::holding(unread);
        self
    }
}

/// What it means that a chunk could not be sent.
fn sent(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Error::BrokenPipe,
        _ => Error::os("send")(error),
    }
}

impl<P: Io> AsFd for Connection<P> {
    /// # Panics
    /// If this end was closed; [`fileno`](Connection::fileno) returns that as an error.
    #[track_caller]
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.transport {
            Some(transport) => transport.as_fd(),
            None => panic!("{}", Error::ConnectionClosed),
        }
    }
}

impl<P: Io> fmt::Debug for Connection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fd = self.transport.as_ref().map(|transport| transport.as_fd().as_raw_fd());
        let mut text = f.debug_struct("Connection");
        text.field("fd", &fd).field("readable", &self.readable).field("writable", &self.writable).finish()
    }
}
