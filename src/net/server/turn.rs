//! A turn of a server's loop: one wait, and what follows from what came.
//!
//! Called by [`Server`] and by the workers of a server.
//!
//! When a process dies here, see [`Server`].
//!
//! Sources: accept(2) on errors that concern one connection.

use super::crew::{give_up, work};
use super::handler::{Failure, Handler};
use super::mode::Mode;
use super::server::Server;
use super::socket::Socket;
use crate::Error;
use crate::net::{Interest, Key, Waker};
use crate::platform::{Io, Tasks};
use nix::errno::Errno;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// How long a server that has no descriptors left waits before it tries again.
const PAUSE: Duration = Duration::from_millis(50);

/// What the loop waits for.
pub(super) enum Watched<S, P: Io> {
    Requests(Arc<S>),
    Stop(Waker<P>),
    End(OwnedFd),
}

impl<S: AsFd, P: Io> AsFd for Watched<S, P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Watched::Requests(socket) => socket.as_fd(),
            Watched::Stop(stop) => stop.as_fd(),
            Watched::End(sentinel) => sentinel.as_fd(),
        }
    }
}

/// What a turn of the loop came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Served,
    /// Something else happened than a request.
    Other,
    /// The deadline passed first.
    Late,
    Stopped,
}

impl<S: Socket, H: Handler<S::Request<P>>, P: Io + Tasks> Server<S, H, P> {
    /// Waits for one thing to happen, and does what follows.
    pub(super) fn turn(&mut self, deadline: Option<u64>, site: P::Site) -> Result<Turn, Error> {
        for failure in self.crew.reap() {
            self.handler.failed(&failure);
        }
        let full = self.mode != Mode::Serial && self.crew.at_work() >= self.mode.most();
        if full && self.crew.is_silent() {
            if let Some(failure) = self.crew.join_first() {
                self.handler.failed(&failure);
            }
            return Ok(Turn::Other);
        }
        self.listen(!full && self.paused.is_none())?;
        let until = deadline.into_iter().chain(self.paused).min();
        let events = self.selector.select_until(until, usize::MAX, site)?;
        if self.paused.is_some_and(|until| P::now() >= until) {
            self.paused = None;
        }
        let mut turn = Turn::Other;
        for event in events {
            if event.key == self.stop_key {
                return Ok(Turn::Stopped);
            } else if Some(event.key) == self.requests {
                if self.take(site)? {
                    turn = Turn::Served;
                }
            } else {
                self.ended(event.key)?;
            }
        }
        let late = turn == Turn::Other && deadline.is_some_and(|deadline| P::now() >= deadline);
        Ok(if late { Turn::Late } else { turn })
    }

    /// The process with this sentinel has ended.
    pub(super) fn ended(&mut self, sentinel: Key) -> Result<(), Error> {
        self.selector.unregister(sentinel)?;
        if let Some(failure) = self.crew.ended(sentinel) {
            self.handler.failed(&failure);
        }
        Ok(())
    }

    /// Waits for requests, or does not.
    fn listen(&mut self, listens: bool) -> Result<(), Error> {
        match self.requests {
            None if listens => {
                let watched = Watched::Requests(Arc::clone(&self.socket));
                self.requests = Some(self.selector.register(watched, self.interest)?);
            }
            Some(key) if !listens => {
                self.selector.unregister(key)?;
                self.requests = None;
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes a request, if it is still there, and has it served.
    fn take(&mut self, site: P::Site) -> Result<bool, Error> {
        let request = match S::take::<P>(&self.socket, site) {
            Ok(request) => request,
            Err(error) if is_passing(&error) => return Ok(false),
            Err(error) if is_exhaustion(&error) => {
                self.handler.failed(&Failure::NotTaken(error));
                self.paused = Some(P::deadline(PAUSE));
                return Ok(false);
            }
            Err(error) => return Err(Error::os("accept")(error)),
        };
        if !self.handler.verify(&request) {
            S::finish(&request);
            return Ok(true);
        }
        let given = match self.mode {
            Mode::Serial | Mode::Workers(_) => {
                work::<S, H, P>(&self.handler, request);
                Ok(())
            }
            Mode::Threads { .. } => {
                let waker = self.selector.waker()?;
                self.crew.thread::<S, H>(&self.handler, request, waker, site)
            }
            Mode::Processes { .. } => self.fork(request),
        };
        if let Err(error) = given {
            self.handler.failed(&Failure::NotStarted(error));
        }
        Ok(true)
    }

    /// Has a process serve a request.
    fn fork(&mut self, request: S::Request<P>) -> Result<(), Error> {
        let (handler, socket) = (Arc::clone(&self.handler), Arc::clone(&self.socket));
        let body = move || {
            if S::CONNECTS {
                give_up::<P>(&*socket);
            }
            work::<S, H, P>(&handler, request);
        };
        let selector = &mut self.selector;
        let watch = |fd| Ok(selector.register(Watched::End(fd), Interest::READABLE)?);
        self.crew.process(body, self.despite_threads, watch)
    }
}

/// Whether the next request may do better: the client has left again, or somebody else has
/// taken it, or a network is down.
pub(super) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Interrupted
            | ErrorKind::WouldBlock
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
    ) || error.raw_os_error() == Some(Errno::EPROTO as i32)
}

/// Whether it is for others to make room.
fn is_exhaustion(error: &io::Error) -> bool {
    let few = [Errno::EMFILE, Errno::ENFILE, Errno::ENOBUFS, Errno::ENOMEM];
    few.iter().any(|errno| error.raw_os_error() == Some(*errno as i32))
}
