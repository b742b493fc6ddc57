//! Where a listener is to be found.
//!
//! Given to [`Listener`](super::Listener) and [`connect`](super::connect()), and read from
//! text by programs.
//!
//! When a process dies, addresses of the kernel's (`@name`, TCP) are free again; a path
//! stays in the file system.
//!
//! Source: unix(7).

use crate::Error;
use nix::sys::socket::UnixAddr;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;

/// The address of a listener.
///
/// | text | address |
/// |---|---|
/// | `/run/app.sock`, `./app.sock` | a path in the file system |
/// | `@app` | a name of Linux's abstract namespace, which no file stands for |
/// | `127.0.0.1:0`, `localhost:7000` | TCP; port 0 lets the kernel choose |
///
/// ```
/// use selvedge::net::Address;
///
/// assert_eq!("@app".parse::<Address>()?, Address::Abstract("app".into()));
/// let error = "family:1:2".parse::<Address>().unwrap_err();
/// assert!(error.to_string().contains("must be a path"));
/// # Ok::<(), selvedge::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Address {
    /// A Unix socket with a path.
    Unix(PathBuf),
    /// A Unix socket with a name that is no path.
    Abstract(String),
    /// A TCP socket.
    Tcp(SocketAddr),
}

impl Address {
    /// The address as the kernel wants it, for a Unix socket.
    pub(super) fn unix(&self) -> io::Result<Option<UnixAddr>> {
        match self {
            Address::Unix(path) => Ok(Some(UnixAddr::new(path)?)),
            Address::Abstract(name) => Ok(Some(UnixAddr::new_abstract(name.as_bytes())?)),
            Address::Tcp(_) => Ok(None),
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(name) = text.strip_prefix('@') {
            return Ok(Address::Abstract(name.to_owned()));
        }
        if text.contains('/') {
            return Ok(Address::Unix(text.into()));
        }
        let found = text.to_socket_addrs().ok().and_then(|mut all| all.next());
        found.map(Address::Tcp).ok_or_else(|| Error::InvalidArgument {
            what: "the address",
            given: format!("{text:?}"),
            allowed: "a path with a / in it, @name, or host:port".to_owned(),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => write!(f, "{}", path.display()),
            Address::Abstract(name) => write!(f, "@{name}"),
            Address::Tcp(address) => write!(f, "{address}"),
        }
    }
}
