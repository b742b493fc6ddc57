//! What a client and the server of a manager say to each other.
//!
//! Written by `link`, read by `server`. After the two have shown each other the key, each
//! connection begins with a [`Request::Hello`]; every request has one [`Reply`].
//!
//! When a process dies here, a message was sent whole or is never received.

use super::state::{Kind, Method, Task};
use crate::channel::Passed;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// The longest message, in bytes.
pub(super) const MOST: usize = 256 << 20;

/// What a client asks for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Who is there: the number of its process, and the number that the server gave it
    /// on an earlier connection.
    Hello { process: u32, client: Option<u64> },
    /// A new object.
    Create(Kind),
    /// A method of an object, which may wait for so long; `None` for ever.
    Call { object: u64, task: u32, timeout: Option<Duration>, method: Method },
    /// The server is to end.
    Shutdown,
}

/// What the server answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Done,
    /// To a `Hello`: the number of the client, and the memory of a lane if there is one.
    Welcome {
        client: u64,
        lane: Option<Passed<OwnedFd>>,
    },
    Number(u64),
    Yes(bool),
    Maybe(Option<Bytes>),
    Many(Vec<Bytes>),
    Pairs(Vec<(Bytes, Bytes)>),
    /// To a worker of a pool.
    Task(Task, Bytes),
    /// The time passed first.
    TimedOut,
    /// It cannot be done, and why.
    Refused(String),
}

/// A value in the form of messages.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

// Not derived: as a sequence of numbers they would be written one by one.
impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visit)
    }
}
