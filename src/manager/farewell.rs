//! What a manager's server does at the end of a connection and of a client.
//!
//! Called by `server`.
//!
//! | what ends | follows |
//! |---|---|
//! | a connection | the request of it that waits is dropped, and nothing else |
//! | a process | its connections are, then each object takes back what it held |
//!
//! When the server dies here, all objects are gone, whoever held them.

use super::server::Server;
use crate::platform::{Io, Tasks};
use std::os::fd::{AsFd, AsRawFd, RawFd};

impl<P: Io + Tasks> Server<P> {
    /// A connection has ended.
    pub(super) fn drop_peer(&mut self, number: u64) {
        let Some(peer) = self.peers.remove(&number) else { return };
        self.poller.remove(peer.connection.as_fd());
        self.lanes.end(number);
        if let Some((object, mut waiter)) = self.parked.take_of(number)
            && let Some(state) = self.objects.get_mut(&object)
        {
            state.left(waiter.who, &mut waiter.method);
            self.settle(object);
        }
        let Some((id, client)) = peer.client.and_then(|id| Some((id, self.clients.get_mut(&id)?))) else {
            return;
        };
        client.connections -= 1;
        if client.connections == 0 && client.end.is_none() {
            self.died(id);
        }
    }

    /// The process with this end has died.
    pub(super) fn end(&mut self, number: u64) {
        let Some(client) = self.ends.get(&number).copied() else { return };
        let of_client = self.peers.iter().filter(|(_, peer)| peer.client == Some(client));
        let peers: Vec<u64> = of_client.map(|(number, _)| *number).collect();
        for number in peers {
            self.drop_peer(number);
        }
        self.died(client);
    }

    /// Takes back what a client held.
    fn died(&mut self, id: u64) {
        if let Some((end, fd)) = self.clients.remove(&id).and_then(|client| client.end) {
            self.poller.remove(fd.as_fd());
            self.ends.remove(&end);
        }
        let objects: Vec<u64> = self.objects.keys().copied().collect();
        for object in objects {
            if let Some(state) = self.objects.get_mut(&object) {
                state.died(id);
            }
            self.settle(object);
        }
    }

    /// The numbers of all descriptors that the server has.
    pub(super) fn descriptors(&self) -> Vec<RawFd> {
        let own = [self.poller.as_fd(), self.listener.as_fd(), self.proven.as_fd(), self.to_proven.as_fd()];
        let peers = self.peers.values().map(|peer| peer.connection.as_fd());
        let ends = self.clients.values().filter_map(|client| client.end.as_ref()).map(|(_, fd)| fd.as_fd());
        own.into_iter().chain(peers).chain(ends).map(|fd| fd.as_raw_fd()).collect()
    }
}
