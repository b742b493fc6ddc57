//! Waiting for connections at an address.
//!
//! Called by programs that serve.
//!
//! | state | `accept` |
//! |---|---|
//! | bound | waits for the next client |
//! | closed | [`Error::ConnectionClosed`] |
//!
//! 1. Who does not show the key is refused, and the listener goes on: an error of
//!    `accept` concerns one client.
//! 2. The path of a Unix address is made at the start and removed at the end, by the
//!    process that made it and by no copy of it.
//!
//! When the process dies here, connections that it had not accepted are closed. Its path
//! stays and must be removed before anybody listens there again.

use super::address::Address;
use super::auth;
use crate::Error;
use crate::channel::{Connection, Kind as Transport};
use crate::platform::{Call, Io, Kind, Native, Open, Site};
use crate::process::AuthKey;
use crate::sys::socket;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// How many clients can wait for `accept`.
const BACKLOG: i32 = 128;
/// How long a client may take to show its key.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A socket at which clients arrive.
///
/// ```
/// use selvedge::net::{Listener, connect};
/// use selvedge::platform::Native;
/// use selvedge::{Process, current_process};
///
/// let me = current_process();
/// let listener: Listener = Listener::bind(&"127.0.0.1:0".parse()?)?.authkey(me.authkey());
/// let address = listener.address().clone();
/// // A child has its parent's key.
/// let child = Process::spawn(move || {
///     let server = connect::<Native>(&address, Some(current_process().authkey())).unwrap();
///     server.send("hello").unwrap();
/// });
/// assert_eq!(listener.accept()?.recv::<String>()?, "hello");
/// child.join()?;
/// # Ok::<(), selvedge::Error>(())
/// ```
pub struct Listener<P: Io = Native> {
    socket: Option<Open<OwnedFd, P>>,
    address: Address,
    /// Who made the path of the address.
    maker: u32,
    authkey: Option<AuthKey>,
    patience: Duration,
}

impl<P: Io> Listener<P> {
    /// Listens at `address`.
    ///
    /// # Errors
    /// [`Error::Os`], with `EADDRINUSE` if somebody else listens there.
    #[track_caller]
    pub fn bind(address: &Address) -> Result<Listener<P>, Error> {
        P::made("Listener");
        let os = |error| Error::os("bind")(error);
        let (socket, address) = match address.unix().map_err(os)? {
            Some(unix) => (socket::listen_at(&unix, BACKLOG).map_err(os)?, address.clone()),
            None => {
                let Address::Tcp(wanted) = address else { unreachable!("it is no Unix address") };
                let listener = TcpListener::bind(wanted).map_err(os)?;
                let found = listener.local_addr().map_err(os)?;
                (OwnedFd::from(listener), Address::Tcp(found))
            }
        };
        let socket = Some(Open::new(socket));
        let maker = std::process::id();
        Ok(Listener { socket, address, maker, authkey: None, patience: PATIENCE })
    }

    /// Accepts only clients that show this key, and shows it to them.
    #[must_use]
    pub fn authkey(mut self, key: &AuthKey) -> Self {
        self.authkey = Some(key.clone());
        self
    }

    /// Gives clients another time than five seconds to show the key.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Where it listens; with the port that the kernel chose, if it was asked to.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The number of the descriptor.
    ///
    /// # Errors
    /// [`Error::ConnectionClosed`].
    pub fn fileno(&self) -> Result<RawFd, Error> {
        self.socket.as_ref().map(|socket| socket.as_raw_fd()).ok_or(Error::ConnectionClosed)
    }

    /// Waits for the next client, and until that has shown the key.
    ///
    /// # Errors
    /// [`Error::Authentication`] if the client did not show the key in time,
    /// [`Error::ConnectionClosed`] after [`close`](Self::close), or [`Error::Os`].
    #[track_caller]
    pub fn accept(&self) -> Result<Connection<P>, Error> {
        self.arrival(P::Site::here())?.prove()
    }

    /// Waits for the next client, which has not shown the key yet.
    pub(crate) fn arrival(&self, site: P::Site) -> Result<Arrival<P>, Error> {
        let fd = self.socket.as_ref().ok_or(Error::ConnectionClosed)?.as_fd();
        let accepted = loop {
            let call = Call { kind: Kind::Input, name: "accept", fd, site };
            let mut accepted = None;
            let result = P::transfer(call, 1, |_| {
                accepted = Some(socket::accept(fd)?);
                Ok(1)
            });
            match (result, accepted) {
                (Ok(_), Some(accepted)) => break accepted,
                // The client may have left again before it was accepted.
                (Err(error), _) if is_passing(&error) => {}
                (Err(error), _) => return Err(Error::os("accept")(error)),
                (Ok(_), None) => unreachable!("accept succeeds with a descriptor"),
            }
        };
        let connection = connected(&self.address, accepted).map_err(Error::os("accept"))?;
        Ok(Arrival { connection, authkey: self.authkey.clone(), patience: self.patience, site })
    }

    /// Stops listening. Clients that were not accepted are turned away.
    pub fn close(&mut self) {
        let was_open = self.socket.take().is_some();
        if let Address::Unix(path) = &self.address
            && was_open
            && self.maker == std::process::id()
        {
            // It may have been removed by somebody else.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A client that has come and not shown the key yet.
pub(crate) struct Arrival<P: Io> {
    connection: Connection<P>,
    authkey: Option<AuthKey>,
    patience: Duration,
    site: P::Site,
}

impl<P: Io> AsFd for Arrival<P> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

impl<P: Io> Arrival<P> {
    /// Waits until the client has shown the key, if one is asked for.
    pub(crate) fn prove(mut self) -> Result<Connection<P>, Error> {
        if let Some(key) = &self.authkey {
            auth::of_listener(&mut self.connection, key, P::deadline(self.patience), self.site)?;
        }
        Ok(self.connection)
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted)
}

/// The connection that a socket to or from `address` is.
pub(super) fn connected<P: Io>(address: &Address, socket: OwnedFd) -> io::Result<Connection<P>> {
    let kind = match address {
        Address::Tcp(_) => {
            let stream = std::net::TcpStream::from(socket);
            // Messages are whole already: nothing is gained by waiting for more.
            stream.set_nodelay(true)?;
            return Ok(Connection::new(Transport::Stream, stream.into(), true, true));
        }
        Address::Unix(_) | Address::Abstract(_) => Transport::Packets,
    };
    Ok(Connection::new(kind, socket, true, true))
}

impl<P: Io> Drop for Listener<P> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<P: Io> AsFd for Listener<P> {
    /// # Panics
    /// If it was closed; [`fileno`](Listener::fileno) returns that as an error.
    #[track_caller]
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Some(socket) => socket.as_fd(),
            None => panic!("{}", Error::ConnectionClosed),
        }
    }
}

impl<P: Io> fmt::Debug for Listener<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({}{})", self.address, if self.socket.is_some() { "" } else { ", closed" })
    }
}
