//! What every proxy is: a link and the number of an object.
//!
//! Used by the other files of this folder.
//!
//! 1. As part of a message, a proxy is the address of the server and the number; the
//!    receiver uses its own connections, and the key that it knows for the address, or
//!    else its own process's.
//!
//! When a process dies here, the object stays.

use crate::Error;
use crate::manager::link::{Link, decode, unexpected};
use crate::manager::message::{Bytes, Reply};
use crate::manager::state::Method;
use crate::net::Address;
use crate::platform::{Io, Tasks};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::time::Duration;

/// An object of a server.
pub(super) struct Handle<P: Io + Tasks> {
    link: Link<P>,
    object: u64,
}

impl<P: Io + Tasks> Handle<P> {
    pub(super) fn new(link: &Link<P>, object: u64) -> Self {
        Handle { link: link.clone(), object }
    }

    /// A method that never waits.
    #[track_caller]
    pub(super) fn now(&self, method: Method) -> Result<Reply, Error> {
        self.link.call(self.object, None, method)
    }

    /// A method that may wait for so long; `None` for ever.
    #[track_caller]
    pub(super) fn wait(&self, timeout: Option<Duration>, method: Method) -> Result<Reply, Error> {
        self.link.call(self.object, timeout, method)
    }
}

impl<P: Io + Tasks> Clone for Handle<P> {
    fn clone(&self) -> Self {
        Handle { link: self.link.clone(), object: self.object }
    }
}

impl<P: Io + Tasks> std::fmt::Debug for Handle<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "object {} at {}", self.object, self.link.address())
    }
}

impl<P: Io + Tasks> Serialize for Handle<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.link.address(), self.object).serialize(serializer)
    }
}

impl<'de, P: Io + Tasks> Deserialize<'de> for Handle<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (address, object) = <(Address, u64)>::deserialize(deserializer)?;
        Ok(Handle { link: Link::of_family(&address), object })
    }
}

/// The answer of a method that returns nothing.
pub(super) fn done(reply: Reply) -> Result<(), Error> {
    match reply {
        Reply::Done | Reply::Yes(_) | Reply::Maybe(_) => Ok(()),
        other => Err(unexpected(other)),
    }
}

pub(super) fn yes(reply: Reply) -> Result<bool, Error> {
    if let Reply::Yes(yes) = reply { Ok(yes) } else { Err(unexpected(reply)) }
}

pub(super) fn number(reply: Reply) -> Result<usize, Error> {
    if let Reply::Number(number) = reply { Ok(number as usize) } else { Err(unexpected(reply)) }
}

pub(super) fn maybe<T: DeserializeOwned>(reply: Reply) -> Result<Option<T>, Error> {
    match reply {
        Reply::Maybe(bytes) => bytes.as_ref().map(decode).transpose(),
        other => Err(unexpected(other)),
    }
}

pub(super) fn value<T: DeserializeOwned>(reply: Reply) -> Result<T, Error> {
    match reply {
        Reply::Maybe(Some(bytes)) => decode(&bytes),
        other => Err(unexpected(other)),
    }
}

pub(super) fn many<T: DeserializeOwned>(reply: Reply) -> Result<Vec<T>, Error> {
    match reply {
        Reply::Many(items) => items.iter().map(decode).collect(),
        other => Err(unexpected(other)),
    }
}

pub(super) fn pairs<K: DeserializeOwned, V: DeserializeOwned>(reply: Reply) -> Result<Vec<(K, V)>, Error> {
    match reply {
        Reply::Pairs(pairs) => pairs.iter().map(|(key, value)| Ok((decode(key)?, decode(value)?))).collect(),
        other => Err(unexpected(other)),
    }
}

/// Whether an exchange was made; if not, what is there.
pub(super) fn exchanged(reply: Reply) -> Result<Result<(), Option<Bytes>>, Error> {
    match reply {
        Reply::Done => Ok(Ok(())),
        Reply::Maybe(now) => Ok(Err(now)),
        other => Err(unexpected(other)),
    }
}

/// A proxy: a handle, and the types of what is behind it.
macro_rules! proxy {
    ($(#[$meta:meta])* $name:ident $(<$($type:ident),+>)?) => {
        $(#[$meta])*
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(bound = "")]
        pub struct $name<$($($type,)+)? P: $crate::platform::Io + $crate::platform::Tasks = $crate::platform::Native> {
            handle: $crate::manager::proxy::handle::Handle<P>,
            #[serde(skip)]
            types: std::marker::PhantomData<fn() -> ($($($type,)+)?)>,
        }

        impl<$($($type,)+)? P: $crate::platform::Io + $crate::platform::Tasks> $name<$($($type,)+)? P> {
            fn of(handle: $crate::manager::proxy::handle::Handle<P>) -> Self {
                $name { handle, types: std::marker::PhantomData }
            }
        }

        impl<$($($type,)+)? P: $crate::platform::Io + $crate::platform::Tasks> Clone for $name<$($($type,)+)? P> {
            fn clone(&self) -> Self {
                Self::of(self.handle.clone())
            }
        }

        impl<$($($type,)+)? P: $crate::platform::Io + $crate::platform::Tasks> std::fmt::Debug for $name<$($($type,)+)? P> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.handle)
            }
        }
    };
}
pub(super) use proxy;
