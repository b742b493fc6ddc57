//! Those who are at work: threads and processes that handle requests.
//!
//! Called by [`Server`](super::Server)'s loop.
//!
//! | somebody | the loop is told by | taken off the list |
//! |---|---|---|
//! | a thread | the selector's waker | at the next turn after its end |
//! | a process | its sentinel | then, and its zombie with it |
//! | a process of an exploration by fibers | nobody | at the next turn after its end |
//!
//! 1. Whoever has ended is not kept for longer than until the next turn.
//! 2. How many are at work is never told too low: a place is free again only when the
//!    request that had it is over.
//!
//! When a process dies here, that is what its sentinel tells.

use super::handler::{Failure, Handler};
use super::socket::Socket;
use crate::net::{Key, Waker};
use crate::platform::{Io, Tasks};
use crate::process::Process;
use crate::sys::panics;
use crate::thread::{Builder, JoinHandle};
use crate::{Error, ExitStatus};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Release};

/// Serves one request, and tells if that goes wrong.
pub(super) fn work<S: Socket, H: Handler<S::Request<P>>, P: Io>(handler: &H, mut request: S::Request<P>) {
    let outcome = catch_unwind(AssertUnwindSafe(|| handler.handle(&mut request)));
    S::finish(&request);
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => handler.failed(&Failure::Returned(error)),
        Err(payload) => handler.failed(&Failure::Panicked(panics::end(payload))),
    }
}

/// A process at work, and the key of its sentinel.
struct Hand<P: Tasks> {
    process: Process<P>,
    sentinel: Option<Key>,
}

/// Threads and processes at work.
pub(super) struct Crew<P: Tasks> {
    threads: Vec<JoinHandle<(), P>>,
    /// How many threads are at a request. Released when one is over, acquired before another
    /// takes its place.
    busy: Arc<AtomicUsize>,
    hands: Vec<Hand<P>>,
}

/// The end of a request that a thread is at.
struct Over<P: Io> {
    busy: Arc<AtomicUsize>,
    waker: Waker<P>,
    site: P::Site,
}

impl<P: Io> Drop for Over<P> {
    fn drop(&mut self) {
        self.busy.fetch_sub(1, Release);
        // The loop looks again at its next turn, if it could not be told.
        let _ = self.waker.wake_from(self.site);
    }
}

impl<P: Io + Tasks> Crew<P> {
    pub(super) fn new() -> Crew<P> {
        Crew { threads: Vec::new(), busy: Arc::default(), hands: Vec::new() }
    }

    /// How many requests are being handled, or so many processes run.
    pub(super) fn at_work(&self) -> usize {
        self.busy.load(Acquire) + self.hands.len()
    }

    /// How many are on the list.
    pub(super) fn listed(&self) -> usize {
        self.threads.len() + self.hands.len()
    }

    /// Has a thread serve a request.
    pub(super) fn thread<S: Socket, H: Handler<S::Request<P>>>(
        &mut self,
        handler: &Arc<H>,
        request: S::Request<P>,
        waker: Waker<P>,
        site: P::Site,
    ) -> Result<(), Error> {
        self.busy.fetch_add(1, Release);
        let over = Over { busy: Arc::clone(&self.busy), waker, site };
        let handler = Arc::clone(handler);
        let run = move || {
            let _over = over;
            work::<S, H, P>(&handler, request);
        };
        self.threads.push(Builder::<P>::new().name("request").spawn(run)?);
        Ok(())
    }

    /// Has a process do `body`; `watch` registers its sentinel.
    pub(super) fn process(
        &mut self,
        body: impl FnOnce() + Send + 'static,
        despite_threads: bool,
        watch: impl FnOnce(OwnedFd) -> Result<Key, Error>,
    ) -> Result<(), Error> {
        let mut process = Process::<P>::new(body);
        if despite_threads {
            process = process.despite_threads();
        }
        process.start()?;
        // Fibers have none.
        let sentinel = process.sentinel().and_then(|fd| fd.try_clone_to_owned().map_err(Error::os("dup")));
        let sentinel = sentinel.and_then(watch).ok();
        self.hands.push(Hand { process, sentinel });
        Ok(())
    }

    /// The process with this sentinel has ended.
    pub(super) fn ended(&mut self, key: Key) -> Option<Failure> {
        let place = self.hands.iter().position(|hand| hand.sentinel == Some(key))?;
        join(&self.hands.swap_remove(place).process)
    }

    /// Takes off the list who has ended without telling.
    pub(super) fn reap(&mut self) -> Vec<Failure> {
        self.threads.retain(|thread| !thread.is_finished());
        let mut failures = Vec::new();
        self.hands.retain(|hand| {
            let over = hand.sentinel.is_none() && !hand.process.is_alive();
            if over {
                failures.extend(join(&hand.process));
            }
            !over
        });
        failures
    }

    /// Whether somebody would not tell when he ends.
    pub(super) fn is_silent(&self) -> bool {
        self.hands.iter().any(|hand| hand.sentinel.is_none())
    }

    /// Waits until all have ended; returns the sentinels that nobody needs any more.
    pub(super) fn join(&mut self) -> (Vec<Key>, Vec<Failure>) {
        for thread in self.threads.drain(..) {
            // Its handler's panic was caught and told.
            let _ = thread.join();
        }
        let keys = self.hands.iter().filter_map(|hand| hand.sentinel).collect();
        let failures = self.hands.drain(..).filter_map(|hand| join(&hand.process)).collect();
        (keys, failures)
    }

    /// Waits until the process has ended that was started first.
    pub(super) fn join_first(&mut self) -> Option<Failure> {
        if self.hands.is_empty() { None } else { join(&self.hands.remove(0).process) }
    }

    /// Lets them all go on by themselves.
    pub(super) fn leave(&mut self) {
        self.threads.clear();
        for hand in self.hands.drain(..) {
            // It was started, or it would not be here.
            let _ = hand.process.detach();
        }
    }
}

/// Waits for a process; what is to be told of its end.
fn join<P: Tasks>(process: &Process<P>) -> Option<Failure> {
    let status = process.join().ok()?;
    matches!(status, ExitStatus::Signal(_))
        .then(|| Failure::Killed { pid: process.pid().unwrap_or_default(), status })
}

/// In a forked child: gives up its copy of a socket that its parent listens at, so that the
/// address is free once the parent has closed it.
pub(super) fn give_up<P: Tasks>(socket: &impl AsFd) {
    // In an exploration by fibers there is only one descriptor for all.
    if P::executes() {
        // The child ends without dropping what it has of its parent, so that this number is
        // closed once.
        let _ = nix::unistd::close(socket.as_fd().as_raw_fd());
    }
}
