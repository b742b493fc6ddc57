//! How a process asks the server of a manager.
//!
//! Called by `manager` and by every proxy.
//!
//! | connections of a process | a call |
//! |---|---|
//! | none idle | makes one more: each task of a process can wait for itself |
//! | some idle | uses one, and gives it back after the answer |
//!
//! A connection to a server on this machine has a [lane](crate::channel) beside it, by which
//! a call goes as long as client and server are both awake.
//!
//! 1. A connection belongs to one process: a forked child goes without its parent's, and makes
//!    its own, so that the server hears of the end of each process by the end of its connections.
//! 2. A process has one link to an address, however many proxies it has: a proxy that
//!    comes in a message finds it.
//!
//! When the server dies, a call fails at once, also one that waits for its answer. When a
//! client dies, its connections are closed.

use super::message::{Bytes, MOST, Reply, Request};
use super::state::{Kind, Method};
use crate::Error;
use crate::channel::{Answer, Connection, Lane, Passed, wire};
use crate::net::{Address, Sought, reach};
use crate::platform::{Io, Owner, Site, Tasks};
use crate::process::{self, AuthKey};
use crate::sys::own_id::{self, process_id};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// How often a server is asked that turns its clients away without a word.
const TRIES: u32 = 100;

/// A way to a server.
pub(super) struct Link<P: Io + Tasks>(Arc<Shared<P>>);

struct Shared<P: Io + Tasks> {
    address: Address,
    authkey: AuthKey,
    /// What each process has; under a scheduler several can share this memory.
    processes: Mutex<BTreeMap<(u32, u32), Own<P>>>,
}

impl<P: Io + Tasks> Drop for Shared<P> {
    fn drop(&mut self) {
        // Where processes share this memory, those of others were closed with their
        // processes, and their numbers may be somebody else's by now.
        let me = P::process_id();
        let processes = self.processes.get_mut().unwrap_or_else(PoisonError::into_inner);
        let others = std::mem::take(processes).into_iter().filter(|((_, process), _)| *process != me);
        others.for_each(|(_, own)| std::mem::forget(own));
    }
}

/// What one process has.
struct Own<P: Io> {
    /// The number that the server gave it.
    client: Option<u64>,
    idle: Vec<Way<P>>,
}

/// A connection that one task at a time uses, and the short way beside it.
struct Way<P: Io> {
    /// Before the connection, so that it goes first.
    _withheld: Option<P::Withheld>,
    connection: Connection<P>,
    lane: Option<Lane<P>>,
}

/// The links of this process.
static LINKS: Mutex<Vec<Weak<dyn Any + Send + Sync>>> = Mutex::new(Vec::new());

impl<P: Io + Tasks> Clone for Link<P> {
    fn clone(&self) -> Self {
        Link(self.0.clone())
    }
}

impl<P: Io + Tasks> Link<P> {
    /// The link to `address`, made with `authkey` if there is none.
    pub(super) fn to(address: &Address, authkey: &AuthKey) -> Link<P> {
        let known = Self::known(address);
        known.filter(|link| link.0.authkey == *authkey).unwrap_or_else(|| {
            let shared = Arc::new(Shared {
                address: address.clone(),
                authkey: authkey.clone(),
                processes: Mutex::default(),
            });
            let any: Arc<dyn Any + Send + Sync> = shared.clone();
            LINKS.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&any));
            Link(shared)
        })
    }

    /// The link to `address`, made with the key of the calling process if there is none.
    pub(super) fn of_family(address: &Address) -> Link<P> {
        Self::known(address).unwrap_or_else(|| Self::to(address, process::current::<P>().authkey()))
    }

    fn known(address: &Address) -> Option<Link<P>> {
        let mut links = LINKS.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|link| link.strong_count() > 0);
        let mut alive = links.iter().filter_map(|link| link.upgrade()?.downcast::<Shared<P>>().ok());
        alive.find(|shared| shared.address == *address).map(Link)
    }

    pub(super) fn address(&self) -> &Address {
        &self.0.address
    }

    /// Makes sure that there is a server, which has the same key.
    #[track_caller]
    pub(super) fn greet(&self) -> Result<(), Error> {
        let way = self.take()?;
        self.own(|own| own.idle.push(way));
        Ok(())
    }

    /// Makes an object.
    #[track_caller]
    pub(super) fn create(&self, kind: Kind) -> Result<u64, Error> {
        match self.ask(&Request::Create(kind))? {
            Reply::Number(object) => Ok(object),
            other => Err(unexpected(other)),
        }
    }

    /// Calls a method of an object, which may wait for so long; `None` for ever.
    #[track_caller]
    pub(super) fn call(
        &self,
        object: u64,
        timeout: Option<Duration>,
        method: Method,
    ) -> Result<Reply, Error> {
        self.ask(&Request::Call { object, task: P::me().id(), timeout, method })
    }

    /// Asks once, and waits for the answer.
    #[track_caller]
    pub(super) fn ask(&self, request: &Request) -> Result<Reply, Error> {
        let (bytes, _) = wire::encode(request)?;
        if bytes.len() > MOST {
            return Err(Error::MessageTooLong { len: bytes.len() as u64, most: MOST });
        }
        let mut way = self.take()?;
        let answer = way.lane.as_ref().map_or(Answer::NotAsked, |lane| lane.ask(&bytes));
        let reply = match answer {
            Answer::Here(answer) => wire::decode(&answer, Vec::new())?,
            Answer::Elsewhere => self.answer(&mut way.connection)?,
            Answer::NotAsked => self.exchange(&mut way.connection, &bytes)?,
        };
        self.own(|own| own.idle.push(way));
        match reply {
            Reply::Refused(why) => Err(Error::Remote { why }),
            reply => Ok(reply),
        }
    }

    #[track_caller]
    fn exchange(&self, connection: &mut Connection<P>, bytes: &[u8]) -> Result<Reply, Error> {
        connection.send_bytes(bytes).map_err(|error| self.or_gone(error))?;
        self.answer(connection)
    }

    #[track_caller]
    fn answer(&self, connection: &mut Connection<P>) -> Result<Reply, Error> {
        connection.recv::<Reply>().map_err(|error| self.or_gone(error))
    }

    fn or_gone(&self, error: Error) -> Error {
        match error {
            Error::BrokenPipe | Error::EndOfFile => self.gone(),
            other => other,
        }
    }

    fn gone(&self) -> Error {
        Error::ManagerGone { address: Sought::new(&self.0.address) }
    }

    /// A way that nobody else uses.
    #[track_caller]
    fn take(&self) -> Result<Way<P>, Error> {
        if let Some(way) = self.own(|own| own.idle.pop()) {
            return Ok(way);
        }
        P::on_behalf_of(P::Site::here(), || self.make())
    }

    /// A new way.
    fn make(&self) -> Result<Way<P>, Error> {
        let client = self.own(|own| own.client);
        let mut connection = self.reach()?;
        // Where it cannot be withheld, a child has it, and everything else works.
        let withheld = P::withhold(connection.as_fd()).ok();
        let hello = Request::Hello { process: process_id(), client };
        match self.exchange(&mut connection, &wire::encode(&hello)?.0)? {
            Reply::Welcome { client, lane } => {
                self.own(|own| own.client = Some(client));
                // Without its memory, everything goes by the connection.
                let lane = lane.and_then(|Passed(file)| Lane::accept(file).ok());
                Ok(Way { _withheld: withheld, connection, lane })
            }
            other => Err(unexpected(other)),
        }
    }

    /// A new connection, over which both sides have shown the key.
    fn reach(&self) -> Result<Connection<P>, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match reach::<P>(&self.0.address, Some(&self.0.authkey), P::Site::here()) {
                Ok((connection, Ok(()))) => return Ok(connection),
                // It died meanwhile, and is gone with the next try; or it was too busy.
                Ok((_, Err(Error::EndOfFile | Error::BrokenPipe))) if tries < TRIES => {}
                Ok((_, Err(why @ Error::Authentication { .. }))) => return Err(why),
                Ok((_, Err(why))) => return Err(Error::Authentication { why: why.to_string() }),
                Err(Error::Os { operation: "connect", source }) if is_nobody(&source) => {
                    return Err(self.gone());
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// Does `body` with what the calling process has.
    fn own<R>(&self, body: impl FnOnce(&mut Own<P>) -> R) -> R {
        own_id::remember();
        let (real, logical) = (process_id(), P::process_id());
        let mut processes = self.0.processes.lock().unwrap_or_else(PoisonError::into_inner);
        // What was copied by a fork is the parent's.
        processes.retain(|(process, _), _| *process == real);
        body(processes.entry((real, logical)).or_insert_with(|| Own { client: None, idle: Vec::new() }))
    }
}

/// Whether nobody listens there.
fn is_nobody(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, NotFound};
    matches!(error.kind(), ConnectionRefused | ConnectionReset | NotFound)
}

/// The server is of another version, or none of ours.
pub(super) fn unexpected(reply: Reply) -> Error {
    Error::Remote { why: format!("its answer is not one to this question: {reply:?}") }
}

/// A value in the form of messages.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, Error> {
    let (bytes, descriptors) = wire::encode(value)?;
    if descriptors.is_empty() {
        return Ok(Bytes(bytes));
    }
    let why = "a descriptor cannot be kept by a manager; send it through a pipe".to_owned();
    Err(Error::Value { doing: "encoded", why })
}

/// The value that these bytes are.
pub(super) fn decode<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Error> {
    wire::decode(&bytes.0, Vec::new())
}
