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
use crate::sys::random;
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

/// Where somebody was looked for. Its texts are the same from run to run: they leave out a name
/// that this crate made up, and the port, which the kernel may have chosen.
#[derive(Clone, PartialEq, Eq)]
pub struct Sought(Address);

/// How names begin that are made up.
const OWN: &str = "selvedge-";

impl Address {
    /// A name for somebody of this kind that nobody else has.
    pub(crate) fn own(kind: &str) -> Address {
        let number = u64::from_ne_bytes(random::bytes::<8>());
        Address::Abstract(format!("{OWN}{kind}-{number:016x}"))
    }
}

impl Sought {
    pub(crate) fn new(address: &Address) -> Sought {
        Sought(address.clone())
    }

    /// All of it.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0
    }
}

impl fmt::Display for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Address::Abstract(name) if name.starts_with(OWN) => f.write_str("an address of its own"),
            Address::Tcp(address) => write!(f, "{}", address.ip()),
            given => write!(f, "{given}"),
        }
    }
}

impl fmt::Debug for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
