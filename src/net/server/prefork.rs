//! Workers: processes that take requests by themselves.
//!
//! Called by [`Server::serve_forever`](super::Server::serve_forever) in the mode
//! [`Workers`](super::Mode::Workers).
//!
//! | process | waits for | ends |
//! |---|---|---|
//! | the server's | the shutdown, the ends of workers | at the shutdown, after all workers |
//! | a worker | requests, the shutdown, the end of the server | after the request that it is at |
//!
//! 1. The shutdown stays to be seen until all workers have seen it.
//! 2. There are as many workers as asked for, but for the moment in which one is replaced.
//!
//! When a worker dies here, the client that it was at goes with it; those that were not
//! taken are taken by the others. When the server's process dies, the workers end.

use super::handler::{Failure, Handler};
use super::server::Server;
use super::socket::Socket;
use super::turn::{Turn, Watched};
use crate::Error;
use crate::net::Interest;
use crate::platform::{Io, Tasks};
use crate::sys::death;
use std::sync::Arc;
use std::time::Duration;

/// How long a server that cannot start a worker waits before it tries again.
const PAUSE: Duration = Duration::from_millis(50);

/// Has `count` workers serve until the shutdown.
pub(super) fn serve<S, H, P>(server: &mut Server<S, H, P>, count: usize, site: P::Site) -> Result<(), Error>
where
    S: Socket,
    H: Handler<S::Request<P>>,
    P: Io + Tasks,
{
    let outcome = supervise(server, count, site);
    if outcome.is_err() {
        // Those that were started are told to end, too.
        server.stop.wake_from(site)?;
    }
    let (sentinels, failures) = server.crew.join();
    for sentinel in sentinels {
        server.selector.unregister(sentinel)?;
    }
    failures.iter().for_each(|failure| server.handler.failed(failure));
    server.stop.clear();
    outcome
}

fn supervise<S, H, P>(server: &mut Server<S, H, P>, count: usize, site: P::Site) -> Result<(), Error>
where
    S: Socket,
    H: Handler<S::Request<P>>,
    P: Io + Tasks,
{
    loop {
        let mut until = None;
        while server.crew.listed() < count {
            match hire(server, site) {
                Ok(()) => {}
                // Nobody serves, or those who do go on.
                Err(error) if server.crew.listed() == 0 => return Err(error),
                Err(error) => {
                    server.handler.failed(&Failure::NotStarted(error));
                    until = Some(P::deadline(PAUSE));
                    break;
                }
            }
        }
        for event in server.selector.select_until(until, usize::MAX, site)? {
            match server.selector.get(event.key) {
                Some(Watched::Stop(_)) => return Ok(()),
                Some(Watched::End(_)) => server.ended(event.key)?,
                Some(Watched::Requests(_)) | None => {}
            }
        }
    }
}

/// Starts one more worker.
fn hire<S, H, P>(server: &mut Server<S, H, P>, site: P::Site) -> Result<(), Error>
where
    S: Socket,
    H: Handler<S::Request<P>>,
    P: Io + Tasks,
{
    let (socket, handler) = (Arc::clone(&server.socket), Arc::clone(&server.handler));
    let (stop, parent) = (server.stop.clone(), std::process::id());
    let body = move || {
        let mut worker = match Server::of_parts(socket, handler, stop, Interest::READABLE.exclusive()) {
            Ok(worker) => worker,
            Err(error) => panic!("a worker cannot serve: {error}"),
        };
        if let Err(error) = worker.work(parent, site) {
            panic!("a worker cannot serve any more: {error}");
        }
    };
    let selector = &mut server.selector;
    let watch = |fd| Ok(selector.register(Watched::End(fd), Interest::READABLE)?);
    server.crew.process(body, server.despite_threads, watch)
}

impl<S: Socket, H: Handler<S::Request<P>>, P: Io + Tasks> Server<S, H, P> {
    /// In a worker: serves until the shutdown or the end of the server's process.
    fn work(&mut self, parent: u32, site: P::Site) -> Result<(), Error> {
        // Fibers are all in one process.
        let mut end = None;
        if parent != std::process::id() {
            let Some(pidfd) = death::pidfd(parent) else { return Ok(()) };
            end = Some(self.selector.register(Watched::End(pidfd), Interest::READABLE)?);
        }
        loop {
            // An end that was told is not registered any more.
            let over = end.is_some_and(|end| self.selector.get(end).is_none());
            if over || self.turn(None, site)? == Turn::Stopped {
                return Ok(());
            }
        }
    }
}
