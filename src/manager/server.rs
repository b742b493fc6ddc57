//! The loop of a manager's server process.
//!
//! Called by `manager` in the process that it starts; never returns but to end it.
//!
//! | comes | what follows |
//! |---|---|
//! | a connection | a thread of its own has it show the key, so that a silent one holds up nobody; of too many, the first is turned away |
//! | a proven connection | it is a [`Peer`] |
//! | a request, by a connection or its lane | it is attempted, then those that wait for the same object are |
//! | a deadline | whoever waited until then is told |
//! | the end of a connection or of a client | what waited there is dropped, what it held is given back |
//! | the end of the starter, or `Shutdown` | the end |
//!
//! 1. The loop never waits for one client: it reads what has come, once.
//! 2. What came by a lane is done after the deaths that were heard of when it had come.
//! 3. After each request and each death, nobody waits who need not.
//!
//! When the server dies here, all its connections are closed, and each client meets the
//! end of the file.

use super::family::family;
use super::lanes::Lanes;
use super::message::{MOST, Reply, Request};
use super::nursery::Nursery;
use super::parked::{Parked, Waiter};
use super::peer::{Client, Peer};
use super::poller::Poller;
use super::state::{self, Attempt, Object, Types, Who};
use super::unproven::Unproven;
use crate::Error;
use crate::channel::{Connection, Lane, Passed, pipe, wire};
use crate::net::{Address, Listener};
use crate::platform::{Io, Tasks};
use crate::process::AuthKey;
use crate::sys::death;
use crate::thread;
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

const LISTENER: u64 = 0;
const PROVEN: u64 = 1;
const STARTER: u64 = 2;
const FIRST: u64 = 3;

/// Everything that a server process has.
pub(super) struct Server<P: Io + Tasks> {
    pub(super) poller: Poller<P>,
    pub(super) listener: Listener<P>,
    /// Where connections come from that have shown the key, and where they are put.
    pub(super) proven: Connection<P>,
    pub(super) to_proven: Arc<Connection<P>>,
    unproven: Unproven<P>,
    pub(super) peers: BTreeMap<u64, Peer<P>>,
    pub(super) clients: BTreeMap<u64, Client>,
    /// Clients by the numbers of their ends.
    pub(super) ends: BTreeMap<u64, u64>,
    types: Types,
    pub(super) objects: BTreeMap<u64, Box<dyn Object>>,
    pub(super) parked: Parked,
    pub(super) nursery: Nursery<P>,
    /// Shown by whoever is a client.
    pub(super) key: AuthKey,
    family: u64,
    pub(super) lanes: Lanes<P>,
    /// Peers that are to be dropped.
    lost: Vec<u64>,
    next: u64,
    /// Held so that it can tell of the starter's end.
    _starter: Connection<P>,
    pub(super) site: P::Site,
}

impl<P: Io + Tasks> Server<P> {
    /// A server at this listener, which ends when `starter` does.
    pub(super) fn new(
        listener: Listener<P>,
        key: AuthKey,
        types: Types,
        starter: Connection<P>,
        site: P::Site,
    ) -> Result<Server<P>, Error> {
        let poller = Poller::new()?;
        let (proven, to_proven) = pipe::<P>(true)?;
        poller.add(listener.as_fd(), LISTENER)?;
        poller.add(proven.as_fd(), PROVEN)?;
        poller.add(starter.as_fd(), STARTER)?;
        Ok(Server {
            poller,
            listener,
            proven,
            to_proven: Arc::new(to_proven),
            unproven: Unproven::new(),
            peers: BTreeMap::new(),
            clients: BTreeMap::new(),
            ends: BTreeMap::new(),
            types,
            objects: BTreeMap::new(),
            parked: Parked::default(),
            nursery: Nursery::new(),
            key,
            family: family(),
            lanes: Lanes::new(),
            lost: Vec::new(),
            next: FIRST,
            _starter: starter,
            site,
        })
    }

    /// Serves until it is told to end.
    ///
    /// # Errors
    /// If the operating system refuses what every server needs.
    pub(super) fn serve(&mut self) -> Result<(), Error> {
        let mut taken = Vec::new();
        loop {
            let deadline = self.parked.earliest();
            let ready = if self.lanes.wait(deadline, &mut taken, || self.poller.is_ready()) {
                self.poller.ready()?
            } else {
                self.poller.wait(deadline, self.site)?
            };
            // Deaths first: what is asked after a death was heard of is done after it.
            let (ends, rest): (Vec<u64>, Vec<u64>) =
                ready.into_iter().partition(|number| self.ends.contains_key(number));
            ends.into_iter().for_each(|number| self.end(number));
            for number in rest {
                let over = match number {
                    LISTENER => {
                        self.arrival();
                        false
                    }
                    PROVEN => self.proven(),
                    STARTER => true,
                    worker if self.nursery.has(worker) => {
                        self.worker_end(worker);
                        false
                    }
                    _ => self.incoming(number),
                };
                if over {
                    return Ok(());
                }
            }
            for number in taken.drain(..) {
                if self.asked_by_lane(number) {
                    return Ok(());
                }
            }
            if self.parked.earliest().is_some() {
                self.expire(P::now());
            }
            while let Some(number) = self.lost.pop() {
                self.drop_peer(number);
            }
        }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &Address {
        self.listener.address()
    }

    /// No client can come any more; the path of the address is gone, and so are workers.
    pub(super) fn close(&mut self) {
        self.end_workers();
        self.listener.close();
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }

    /// Somebody is at the listener.
    fn arrival(&mut self) {
        // Who has left again, or cannot be accepted now, is no reason to end.
        let Ok(arrival) = self.listener.arrival(self.site) else { return };
        let Some(place) = self.unproven.enter(&arrival) else { return };
        let to_proven = self.to_proven.clone();
        let prove = move || {
            P::helps();
            let proven = arrival.prove();
            // From here on it cannot be turned away any more.
            drop(place);
            if let Ok(connection) = proven {
                // Nobody receives it if the server is about to end.
                let _ = to_proven.send(&connection);
            }
        };
        // Who gets no thread is turned away.
        let _ = thread::Builder::<P>::new().name("Manager: key check").spawn(prove);
    }

    /// Somebody has shown the key, and may have asked already: that came with the
    /// connection. True if that is the end.
    fn proven(&mut self) -> bool {
        let Ok(connection) = self.proven.recv::<Connection<P>>() else { return false };
        let number = self.number();
        if self.poller.add(connection.as_fd(), number).is_err() {
            return false;
        }
        self.peers.insert(number, Peer::new(connection));
        self.requests(number)
    }

    /// Something has come from a peer, or it is at its end; true if that is the server's.
    fn incoming(&mut self, number: u64) -> bool {
        let Some(peer) = self.peers.get_mut(&number) else { return false };
        if peer.connection.take_in(self.site).is_err() {
            self.drop_peer(number);
            return false;
        }
        self.requests(number)
    }

    /// Does what a peer asked for by its lane, if it is still there; true if that is the end.
    fn asked_by_lane(&mut self, number: u64) -> bool {
        let Some(peer) = self.peers.get_mut(&number) else { return false };
        let Some(lane) = peer.lane.as_ref().filter(|_| !peer.waits) else { return false };
        match wire::decode::<Request>(&lane.request(), Vec::new()) {
            Ok(request) => {
                peer.by_lane = true;
                self.request(number, request)
            }
            Err(_) => {
                self.drop_peer(number);
                false
            }
        }
    }

    /// Does what a peer asked for; true if that is the end.
    fn requests(&mut self, number: u64) -> bool {
        let site = self.site;
        loop {
            let Some(peer) = self.peers.get_mut(&number) else { return false };
            let request = match peer.connection.come(MOST, site) {
                Ok(None) => return false,
                Ok(Some(bytes)) => wire::decode::<Request>(&bytes, Vec::new()),
                Err(error) => Err(error),
            };
            match request {
                // Who waits has asked already.
                Ok(request) if !peer.waits => {
                    if let Some(lane) = &peer.lane {
                        self.lanes.begin(number, lane);
                    }
                    if self.request(number, request) {
                        return true;
                    }
                }
                _ => {
                    self.drop_peer(number);
                    return false;
                }
            }
        }
    }

    fn request(&mut self, number: u64, request: Request) -> bool {
        let client = self.peers.get(&number).and_then(|peer| peer.client);
        match (request, client) {
            (Request::Hello { process, client }, None) => self.hello(number, process, client),
            (Request::Create(kind), Some(_)) => {
                let reply = match state::make(kind, &self.types, self.family) {
                    Ok(state) => self.add(state),
                    Err(why) => Reply::Refused(why),
                };
                self.answer(number, &reply);
            }
            (Request::Call { object, task, timeout, method }, Some(client)) => {
                let who = Who { client, task };
                self.call(object, timeout, Waiter { peer: number, who, deadline: None, method });
            }
            (Request::Shutdown, Some(_)) => {
                self.answer(number, &Reply::Done);
                return true;
            }
            _ => self.lost.push(number),
        }
        false
    }

    /// Takes in a new object.
    fn add(&mut self, state: Box<dyn Object>) -> Reply {
        let object = self.number();
        self.objects.insert(object, state);
        match self.staff(object) {
            Ok(()) => Reply::Number(object),
            Err(why) => {
                self.objects.remove(&object);
                Reply::Refused(format!("no worker can be started for the pool: {why}"))
            }
        }
    }

    /// A connection says whose it is.
    fn hello(&mut self, number: u64, process: u32, known: Option<u64>) {
        let client = known.filter(|client| self.clients.contains_key(client));
        let client = client.unwrap_or_else(|| {
            let client = self.number();
            let remote = matches!(self.listener.address(), Address::Tcp(_));
            // Under a scheduler the end of its connections tells, in every engine alike: fibers
            // have no process of their own.
            let own = process == std::process::id();
            let end = if remote || own || !P::executes() { None } else { death::pidfd(process) };
            let end = end.map(|fd| (self.number(), fd));
            if let Some((end, fd)) = &end
                && self.poller.add(fd.as_fd(), *end).is_ok()
            {
                self.ends.insert(*end, client);
            }
            self.clients.insert(client, Client { connections: 0, end });
            client
        });
        let mut way = None;
        if let (Some(peer), Some(known)) = (self.peers.get_mut(&number), self.clients.get_mut(&client)) {
            peer.client = Some(client);
            known.connections += 1;
            // Only of a process whose end is told it is known whether it still asks.
            if known.end.is_some()
                && let Some((lane, file)) = Lane::offer()
            {
                peer.lane = Some(Arc::new(lane));
                way = Some(Passed(file));
            }
        }
        self.answer(number, &Reply::Welcome { client, lane: way });
    }

    fn call(&mut self, object: u64, timeout: Option<Duration>, mut waiter: Waiter) {
        let Some(state) = self.objects.get_mut(&object) else {
            self.answer(waiter.peer, &Reply::Refused(format!("there is no object {object}")));
            return;
        };
        let mut attempt = state.attempt(waiter.who, &mut waiter.method);
        waiter.deadline = timeout.map(P::deadline);
        if matches!(attempt, Attempt::Wait) && timeout == Some(Duration::ZERO) {
            waiter.deadline = None;
            attempt = state.expired(waiter.who, &mut waiter.method);
        }
        self.attempted(object, waiter, attempt);
        self.settle(object);
        self.see_to_workers(object);
    }

    /// Answers, or has the caller wait.
    fn attempted(&mut self, object: u64, waiter: Waiter, attempt: Attempt) {
        match attempt {
            Attempt::Done(reply) => self.answer(waiter.peer, &reply),
            Attempt::Wait => {
                if let Some(peer) = self.peers.get_mut(&waiter.peer) {
                    peer.waits = true;
                    self.parked.add(object, waiter);
                }
            }
        }
    }

    /// Attempts again what waits for an object, the first first, until none can go on.
    pub(super) fn settle(&mut self, object: u64) {
        let Some(state) = self.objects.get_mut(&object) else { return };
        let mut place = 0;
        let mut answers = Vec::new();
        while let Some(waiter) = self.parked.at(object, place) {
            match state.attempt(waiter.who, &mut waiter.method) {
                Attempt::Wait => place += 1,
                Attempt::Done(reply) => {
                    answers.push((waiter.peer, reply));
                    self.parked.take(object, place);
                    // It may have made room for one before it.
                    place = 0;
                }
            }
        }
        for (peer, reply) in answers {
            self.answer(peer, &reply);
        }
    }

    fn answer(&mut self, number: u64, reply: &Reply) {
        let Some(peer) = self.peers.get_mut(&number) else { return };
        peer.waits = false;
        if peer.answer(reply).is_err() {
            self.lost.push(number);
        }
    }

    /// Tells those whose time has passed.
    fn expire(&mut self, now: u64) {
        while let Some((object, mut waiter)) = self.parked.take_expired(now) {
            let Some(state) = self.objects.get_mut(&object) else { continue };
            waiter.deadline = None;
            let attempt = state.expired(waiter.who, &mut waiter.method);
            self.attempted(object, waiter, attempt);
            self.settle(object);
        }
    }
}
