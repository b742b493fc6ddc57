//! How a request is taken from each kind of socket.
//!
//! Called by [`Server`](super::Server)'s loop.
//!
//! | socket | a request is |
//! |---|---|
//! | `TcpListener`, `UnixListener` | a [`Client`] that has connected |
//! | `UdpSocket`, `UnixDatagram` | a [`Datagram`] |
//!
//! 1. The socket does not block: whoever was told of a request that is gone again, or that
//!    another process has taken, goes on.
//!
//! When a process dies here, a request that it had not taken waits for the next one who
//! has the socket.

use super::client::Client;
use super::datagram::Datagram;
use crate::platform::{Call, Io, Kind};
use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram, UnixListener, UnixStream};
use std::sync::Arc;

/// The longest datagram, in bytes; of a longer one the rest is lost.
pub(super) const LONGEST: usize = 1 << 16;

/// A socket that can be served: std's listeners and datagram sockets.
pub trait Socket: AsFd + Send + Sync + Sized + 'static + sealed::Sealed {
    /// What comes there.
    type Request<P: Io>: Send + 'static;

    /// Whether a request has a socket of its own, so that its handler does not need this one.
    #[doc(hidden)]
    const CONNECTS: bool;

    /// Takes the next request, if there is one.
    #[doc(hidden)]
    fn take<P: Io>(socket: &Arc<Self>, site: P::Site) -> io::Result<Self::Request<P>>;

    /// A request was handled.
    #[doc(hidden)]
    fn finish<P: Io>(request: &Self::Request<P>);

    /// Calls return instead of blocking from now on.
    #[doc(hidden)]
    fn never_block(&self) -> io::Result<()>;
}

mod sealed {
    pub trait Sealed {}
}

/// A socket for datagrams.
pub trait Datagrams: Socket {
    /// Who sends.
    type Address: Debug + Send + Sync + 'static;

    #[doc(hidden)]
    fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Self::Address)>;

    #[doc(hidden)]
    fn send(&self, bytes: &[u8], address: &Self::Address) -> io::Result<usize>;
}

/// One call that takes something and moves no bytes.
fn one<P: Io, T>(
    fd: &impl AsFd,
    name: &'static str,
    site: P::Site,
    mut call: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let mut taken = None;
    P::transfer(Call { kind: Kind::Input, name, fd: fd.as_fd(), site }, 1, |_| {
        taken = Some(call()?);
        Ok(1)
    })?;
    Ok(taken.expect("a call that succeeded has a result"))
}

macro_rules! listeners {
    ($($socket:ident, $stream:ident, $address:ident;)*) => {$(
        impl sealed::Sealed for $socket {}

        impl Socket for $socket {
            type Request<P: Io> = Client<$stream, $address, P>;
            const CONNECTS: bool = true;

            fn take<P: Io>(socket: &Arc<Self>, site: P::Site) -> io::Result<Self::Request<P>> {
                let (stream, address) = one::<P, _>(socket, "accept", site, || socket.accept())?;
                Ok(Client::new(stream, address))
            }

            fn finish<P: Io>(request: &Self::Request<P>) {
                request.finish();
            }

            fn never_block(&self) -> io::Result<()> {
                self.set_nonblocking(true)
            }
        }
    )*};
}

macro_rules! datagrams {
    ($($socket:ident, $address:ident, $send:ident;)*) => {$(
        impl sealed::Sealed for $socket {}

        impl Socket for $socket {
            type Request<P: Io> = Datagram<$socket, P>;
            const CONNECTS: bool = false;

            fn take<P: Io>(socket: &Arc<Self>, site: P::Site) -> io::Result<Self::Request<P>> {
                let mut bytes = vec![0; LONGEST];
                let (len, sender) = one::<P, _>(socket, "receive", site, || socket.receive(&mut bytes))?;
                bytes.truncate(len);
                bytes.shrink_to_fit();
                Ok(Datagram::new(Arc::clone(socket), bytes, sender))
            }

            fn finish<P: Io>(_: &Self::Request<P>) {}

            fn never_block(&self) -> io::Result<()> {
                self.set_nonblocking(true)
            }
        }

        impl Datagrams for $socket {
            type Address = $address;

            fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, $address)> {
                self.recv_from(buffer)
            }

            fn send(&self, bytes: &[u8], address: &$address) -> io::Result<usize> {
                self.$send(bytes, address)
            }
        }
    )*};
}

listeners! {
    TcpListener, TcpStream, SocketAddr;
    UnixListener, UnixStream, UnixAddr;
}
datagrams! {
    UdpSocket, SocketAddr, send_to;
    UnixDatagram, UnixAddr, send_to_addr;
}
