//! Connecting to a listener.
//!
//! Called by programs that are served.
//!
//! When the process dies here, the listener accepts a connection that is at its end.

use super::address::Address;
use super::auth;
use super::listener::{PATIENCE, connected};
use crate::Error;
use crate::channel::Connection;
use crate::platform::{Io, Kind, Op, Site};
use crate::process::AuthKey;
use crate::sys::socket;
use std::io;
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// All addresses together, as the object of an operation: a name or port that the kernel
/// or chance chose is another one in each execution.
const NETWORK: usize = 0x5e7;

/// Connects to the listener at `address`, and shows it the key if there is one; then the
/// listener must show it too. Listener and client must agree on whether there is one.
///
/// With a key, the caller waits for no longer than five seconds to be let in where many wait,
/// and no longer than that until both have shown it.
///
/// # Errors
/// [`Error::Os`], typically with `ECONNREFUSED` if nobody listens there, or `TimedOut`, or
/// [`Error::Authentication`].
#[doc(alias = "Client")]
#[track_caller]
pub fn connect<P: Io>(address: &Address, authkey: Option<&AuthKey>) -> Result<Connection<P>, Error> {
    let (connection, proof) = reach::<P>(address, authkey, P::Site::here())?;
    proof.map(|()| connection).map_err(auth::refused)
}

/// As [`connect`], and apart from the connection what came of the key: an
/// [`Error::EndOfFile`] or [`Error::BrokenPipe`] if the listener has ended, or turned the
/// client away without a word.
pub(crate) fn reach<P: Io>(
    address: &Address,
    authkey: Option<&AuthKey>,
    site: P::Site,
) -> Result<(Connection<P>, Result<(), Error>), Error> {
    let op = || Op::new(Kind::Output, "connect", NETWORK, site.location());
    let socket =
        P::step(op, || open(address, authkey.map(|_| PATIENCE)).map(Opened)).map_err(Error::os("connect"))?.0;
    let mut connection = connected(address, socket).map_err(Error::os("connect"))?;
    let proof =
        authkey.map_or(Ok(()), |key| auth::of_client(&mut connection, key, P::deadline(PATIENCE), site));
    Ok((connection, proof))
}

struct Opened(OwnedFd);

impl crate::platform::Observe for Opened {}

fn open(address: &Address, patience: Option<Duration>) -> io::Result<OwnedFd> {
    match (address, patience, address.unix()?) {
        (Address::Tcp(address), Some(patience), _) => {
            Ok(TcpStream::connect_timeout(address, patience)?.into())
        }
        (Address::Tcp(address), None, _) => Ok(TcpStream::connect(address)?.into()),
        (_, _, Some(unix)) => socket::connect_to(&unix, patience),
        (_, _, None) => unreachable!("it is a Unix address"),
    }
}
