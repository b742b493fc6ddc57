//! Binding a socket with options that must be set before.
//!
//! Called by programs that want another backlog than std's, or an address that several
//! sockets have; all others call std's `bind`.
//!
//! | option | a TCP listener of std's | here unless given |
//! |---|---|---|
//! | backlog | 128 or more | 128 |
//! | `SO_REUSEADDR` | set | set for TCP |
//! | `SO_REUSEPORT` | not set | not set |
//! | `IPV6_V6ONLY` | as the system says | as the system says |
//!
//! 1. A socket that could not be bound is closed.
//!
//! When the process dies here, its address is free again; connections of it keep a port
//! busy for a while, which `SO_REUSEADDR` overlooks.
//!
//! Sources: socket(7), listen(2), ipv6(7).

use crate::Error;
use nix::sys::socket::{
    AddressFamily, Backlog, SetSockOpt, SockFlag, SockType, SockaddrStorage, bind, listen, setsockopt,
    socket, sockopt,
};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};

/// How a socket is to be bound.
///
/// ```
/// use selvedge::net::Bind;
///
/// let first = Bind::new().backlog(5).reuse_port(true).tcp("127.0.0.1:0".parse()?)?;
/// let address = first.local_addr()?;
/// // Clients are shared out between all that listen.
/// let second = Bind::new().reuse_port(true).tcp(address)?;
/// assert_eq!(second.local_addr()?, address);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "create_server")]
#[doc(alias = "setsockopt")]
#[derive(Clone, Debug)]
#[must_use = "it binds nothing by itself"]
pub struct Bind {
    backlog: i32,
    reuse_address: Option<bool>,
    reuse_port: bool,
    only_v6: Option<bool>,
    broadcast: bool,
}

impl Default for Bind {
    fn default() -> Self {
        Self::new()
    }
}

impl Bind {
    /// As the table of the module says.
    pub const fn new() -> Bind {
        Bind { backlog: 128, reuse_address: None, reuse_port: false, only_v6: None, broadcast: false }
    }

    /// How many clients that have connected may wait to be accepted; the kernel may take a
    /// few more, and no more than `net.core.somaxconn`, which is what a negative number
    /// stands for.
    pub const fn backlog(mut self, clients: i32) -> Bind {
        self.backlog = clients;
        self
    }

    /// Whether an address can be bound that old connections, or other datagram sockets which
    /// say the same, have.
    #[doc(alias = "SO_REUSEADDR")]
    pub const fn reuse_address(mut self, reuse: bool) -> Bind {
        self.reuse_address = Some(reuse);
        self
    }

    /// Whether other sockets of the same user, which all say so, may have the same address:
    /// the kernel shares out what comes.
    #[doc(alias = "SO_REUSEPORT")]
    pub const fn reuse_port(mut self, reuse: bool) -> Bind {
        self.reuse_port = reuse;
        self
    }

    /// Whether a socket at an address of IPv6 is for nobody who comes by IPv4.
    #[doc(alias = "dualstack_ipv6")]
    pub const fn only_v6(mut self, only: bool) -> Bind {
        self.only_v6 = Some(only);
        self
    }

    /// Whether a datagram socket may send to all of a network.
    #[doc(alias = "SO_BROADCAST")]
    pub const fn broadcast(mut self, broadcast: bool) -> Bind {
        self.broadcast = broadcast;
        self
    }

    /// A TCP socket that listens at this address.
    ///
    /// # Errors
    /// [`Error::Os`], with `EADDRINUSE` if somebody else has the address.
    pub fn tcp(&self, address: SocketAddr) -> Result<TcpListener, Error> {
        let socket = self.socket(address, SockType::Stream, true)?;
        // Whatever is out of range stands for as many as the kernel allows.
        let backlog = Backlog::new(self.backlog).unwrap_or(Backlog::MAXALLOWABLE);
        listen(&socket, backlog).map_err(os("listen"))?;
        Ok(socket.into())
    }

    /// A UDP socket at this address.
    ///
    /// # Errors
    /// As [`tcp`](Self::tcp).
    pub fn udp(&self, address: SocketAddr) -> Result<UdpSocket, Error> {
        Ok(self.socket(address, SockType::Datagram, false)?.into())
    }

    fn socket(&self, address: SocketAddr, kind: SockType, reuse: bool) -> Result<OwnedFd, Error> {
        let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
        let socket = socket(family, kind, SockFlag::SOCK_CLOEXEC, None).map_err(os("socket"))?;
        set(&socket, sockopt::ReuseAddr, self.reuse_address.unwrap_or(reuse))?;
        set(&socket, sockopt::ReusePort, self.reuse_port)?;
        if let Some(only) = self.only_v6
            && address.is_ipv6()
        {
            set(&socket, sockopt::Ipv6V6Only, only)?;
        }
        if self.broadcast {
            set(&socket, sockopt::Broadcast, true)?;
        }
        bind(socket.as_raw_fd(), &SockaddrStorage::from(address)).map_err(os("bind"))?;
        Ok(socket)
    }
}

fn set<O: SetSockOpt<Val = bool>>(socket: &OwnedFd, option: O, value: bool) -> Result<(), Error> {
    setsockopt(socket, option, &value).map_err(os("setsockopt"))
}

fn os(operation: &'static str) -> impl FnOnce(nix::Error) -> Error {
    move |errno| Error::os(operation)(errno.into())
}
