//! A connection as part of a message: an end of a pipe goes through another one.
//!
//! Called by serde. The receiver gets a copy of the descriptor, the rights of the end, and
//! what had been read ahead. The sender's end stays open until it is closed or dropped;
//! only one of the two should receive from then on.
//!
//! When the receiver dies before it received the message, the copy in it is closed.

use super::connection::Connection;
use super::transport::Kind;
use crate::platform::Io;
use crate::shm::luggage;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
struct Luggage {
    place: u32,
    kind: Kind,
    readable: bool,
    writable: bool,
    unread: Vec<u8>,
}

impl<P: Io> Serialize for Connection<P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, fd, unread) =
            self.luggage().map_err(|error| luggage::cannot_leave::<S::Error>(error.to_string()))?;
        let place = luggage::leave("a connection", fd)?;
        let (readable, writable) = (self.readable, self.writable);
        Luggage { place, kind, readable, writable, unread: unread.to_vec() }.serialize(serializer)
    }
}

impl<'de, P: Io> Deserialize<'de> for Connection<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let luggage = Luggage::deserialize(deserializer)?;
        let fd = luggage::arrive::<D::Error>(luggage.place)?;
        if luggage.unread.len() > luggage.kind.inbox() {
            return Err(luggage::cannot_arrive("more was read ahead than there is room for".to_owned()));
        }
        let end = Connection::new(luggage.kind, fd, luggage.readable, luggage.writable);
        Ok(end.arrived(luggage.unread))
    }
}
