//! A process that forks others on behalf of this one.
//!
//! Called by [`executed::start`](super::executed::start); the server is itself a process
//! that was executed for an entry.
//!
//! | state of the client | `start` |
//! |---|---|
//! | no server, or one of another process | executes one |
//! | a server | sends it the letter, gets the child's number and pidfd |
//! | the server has died | executes another, once |
//! | the server dies with the letter | fails: whether there is a child nobody knows |
//!
//! 1. The server has one thread and no descriptors but those to its client and its
//!    children, so that its forks are harmless and its children inherit nothing.
//! 2. It waits for its children and tells the client how each ended.
//! 3. It ends when its client closes the socket, which the client's death does too.
//!
//! When a child dies, the server tells how. When the server dies, its children run on; that
//! they have ended their parent sees, and how they did is
//! [`Unknown`](crate::ExitStatus::Unknown). When the client dies, the server ends, and its children run on.

use super::executed::{self, Letter};
use super::method::StartMethod;
use crate::Error;
use crate::channel::{Connection, Passed, Source, wait};
use crate::platform::Native;
use crate::sys::process::{self, Child};
use crate::sys::report;
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

/// What the server is asked for: a child, and where to tell about it.
#[derive(Serialize, Deserialize)]
struct Order {
    letter: Letter,
    /// The answer, then the report.
    socket: Passed<OwnedFd>,
}

/// The number and the pidfd of the child, or why there is none.
type Answer = Result<(u32, Passed<OwnedFd>), i32>;

/// The server of a process, as its client knows it.
struct Server {
    client: u32,
    orders: Connection,
    /// Held so that it is taken away when it has ended.
    _process: Child,
}

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

const DIED: &str = "it died before it answered, and whether the process was started nobody knows";

crate::entry! {
    /// The server's whole life.
    static SERVER_ENTRY(orders: Connection) {
        serve(orders);
    }
}

/// Has the server start the child that `letter` tells of.
pub(super) fn start(letter: Letter) -> Result<Child, Error> {
    let mut place = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let (here, there) = crate::sys::socket::packets().map_err(Error::os("socketpair"))?;
    let mut order = Order { letter, socket: Passed(there) };
    let mut may_repeat = place.is_some();
    loop {
        if place.as_ref().is_none_or(|server| server.client != std::process::id()) {
            may_repeat = false;
            *place = Some(begin()?);
        }
        let server = place.as_ref().expect("there is one by now");
        let sent = server.orders.send(&order);
        if matches!(sent, Err(Error::BrokenPipe)) && may_repeat {
            // It has died since the last start.
            *place = None;
            continue;
        }
        sent?;
        // From here on only the server holds the other end.
        let socket = here.try_clone().map_err(Error::os("dup"))?;
        let Passed(theirs) = std::mem::replace(&mut order.socket, Passed(socket));
        drop(theirs);
        let mut answers = Connection::<Native>::new(crate::channel::Kind::Packets, here, true, true);
        let (pid, Passed(pidfd)) = match answers.recv::<Answer>() {
            Ok(Ok(answer)) => answer,
            Ok(Err(errno)) => return Err(Error::os("fork")(io::Error::from_raw_os_error(errno))),
            Err(Error::EndOfFile) => return Err(Error::os("fork by the server")(io::Error::other(DIED))),
            Err(error) => return Err(error),
        };
        let Passed(report) = order.socket;
        return Ok(Child::of_server(pid, pidfd, report));
    }
}

/// Executes a server.
fn begin() -> Result<Server, Error> {
    let (orders, theirs) = crate::channel::pipe::<Native>(true)?;
    let own = super::family::current::<Native>();
    let name = format!("the fork server of {}", own.name);
    let identity = own.child(name.into(), None, false, own.authkey.clone());
    let message = crate::channel::wire::encode(&theirs)?;
    let letter = Letter::new(&identity, (SERVER_ENTRY.name(), message.0, message.1));
    let process = executed::start(StartMethod::Spawn, letter)?;
    Ok(Server { client: std::process::id(), orders, _process: process })
}

fn serve(mut orders: Connection) {
    let mut children: Vec<(Child, OwnedFd)> = Vec::new();
    loop {
        let sentinels = children.iter().filter_map(|(child, _)| child.sentinel().ok().map(Source::from));
        let sources: Vec<Source<'_>> = std::iter::once(Source::from(&orders)).chain(sentinels).collect();
        let Ok(ready) = wait::<Native>(&sources, None) else { return };
        children.retain(|(child, socket)| match child.wait(Some(0)) {
            Ok(None) => true,
            status => {
                let words = child.last_words().unwrap_or_default();
                report::tell(socket.as_fd(), status.ok().flatten(), &words);
                false
            }
        });
        if ready.first() != Some(&0) {
            continue;
        }
        // The end of the file: the client is gone, or needs no server any more.
        let Ok(order) = orders.recv::<Order>() else { return };
        let Order { letter, socket: Passed(socket) } = order;
        let mut held = Some(socket);
        let forked = process::fork(|| {
            // What the server needs and its child does not.
            children.clear();
            orders.close();
            held = None;
            letter.live();
            0
        });
        let answer: Answer = match &forked {
            Ok(child) => child
                .sentinel()
                .and_then(|fd| fd.try_clone_to_owned())
                .map(|fd| (child.id(), Passed(fd)))
                .map_err(|error| error.raw_os_error().unwrap_or_default()),
            Err(error) => Err(error.raw_os_error().unwrap_or_default()),
        };
        let Some(socket) = held else { continue };
        let Ok(copy) = socket.try_clone() else { continue };
        // A client that is gone does not care.
        let _ = Connection::<Native>::new(crate::channel::Kind::Packets, copy, true, true).send(&answer);
        if let Ok(child) = forked {
            children.push((child, socket));
        }
    }
}
