//! The worker processes of a manager's pools: started by the server, and clients of it.
//!
//! Called by `server`, after each method of a pool and at the end of each worker.
//!
//! | what is seen | follows |
//! |---|---|
//! | a pool has fewer workers than it is to have | the server forks one |
//! | a worker ends | its pool is told, and the task that it was at is lost |
//! | a pool is over | its workers are killed |
//!
//! 1. A worker closes its copies of the server's descriptors before anything else: no
//!    client's connection lives longer than the server because of a worker.
//!
//! In an exploration by fibers, where a worker is no process whose end a poller could see, a
//! pool is refused and says why; in one by processes it works.
//!
//! When a worker dies here, the kernel tells by its pidfd. When the server dies, its workers
//! are killed with it (prctl(2), `PR_SET_PDEATHSIG`).

use super::link::Link;
use super::message::{Bytes, Reply};
use super::server::Server;
use super::state::{Method, PoolCall, Staff};
use crate::net::Address;
use crate::platform::{Child, Io, Tasks};
use crate::process::{AuthKey, parent_id};
use crate::shm::function::Code;
use crate::sys::process::Signal;
use std::collections::BTreeMap;
use std::os::fd::RawFd;

/// Whether a task's function wrote down what it makes of its argument, or why not.
pub(super) type Outcome = Result<(), String>;

/// All workers, by the numbers of their ends.
pub(super) struct Nursery<P: Tasks>(BTreeMap<u64, Worker<P>>);

struct Worker<P: Tasks> {
    pool: u64,
    process: P::Process,
}

impl<P: Tasks> Nursery<P> {
    pub(super) fn new() -> Nursery<P> {
        Nursery(BTreeMap::new())
    }

    /// Whether this number stands for the end of a worker.
    pub(super) fn has(&self, number: u64) -> bool {
        self.0.contains_key(&number)
    }

    fn of(&self, pool: u64) -> impl Iterator<Item = &Worker<P>> {
        self.0.values().filter(move |worker| worker.pool == pool)
    }
}

impl<P: Io + Tasks> Server<P> {
    /// Sees to it that a pool has the workers that it is to have; if one cannot be started,
    /// the pool is told.
    pub(super) fn see_to_workers(&mut self, pool: u64) {
        if let Err(why) = self.staff(pool) {
            self.tell_of_end(pool, 0, &why);
        }
    }

    /// The same; says why one cannot be started.
    pub(super) fn staff(&mut self, pool: u64) -> Result<(), String> {
        let Some(staff) = self.objects.get(&pool).and_then(|object| object.staff()) else { return Ok(()) };
        match staff {
            Staff::AtLeast(wanted) => {
                for _ in self.nursery.of(pool).count()..wanted {
                    self.start_worker(pool)?;
                }
            }
            Staff::Nobody => {
                for worker in self.nursery.of(pool) {
                    // Whoever has ended already is not missed.
                    let _ = worker.process.signal(Signal::SIGKILL, self.site);
                }
            }
        }
        Ok(())
    }

    fn start_worker(&mut self, pool: u64) -> Result<(), String> {
        let (address, key, server) = (self.address().clone(), self.key.clone(), std::process::id());
        let descriptors = self.descriptors();
        let body = move || {
            if std::process::id() != server {
                leave_the_server(server, &descriptors);
            }
            work::<P>(&address, &key, pool);
            0
        };
        let process = P::fork("worker", body, self.site).map_err(|error| error.to_string())?;
        let number = self.number();
        let watched = process.sentinel().map_err(|error| match error.raw_os_error() {
            Some(nix::libc::ENOTSUP) => {
                "a server cannot watch workers that are fibers; explore a manager's pool in real processes"
                    .to_owned()
            }
            _ => error.to_string(),
        });
        let watched = watched.and_then(|fd| self.poller.add(fd, number).map_err(|error| error.to_string()));
        if let Err(why) = watched {
            let _ = process.signal(Signal::SIGKILL, self.site);
            return Err(why);
        }
        self.nursery.0.insert(number, Worker { pool, process });
        Ok(())
    }

    /// A worker has ended.
    pub(super) fn worker_end(&mut self, number: u64) {
        let Some(worker) = self.nursery.0.remove(&number) else { return };
        if let Ok(fd) = worker.process.sentinel() {
            self.poller.remove(fd);
        }
        let status = worker.process.wait(None, self.site);
        let how = status.ok().flatten().map_or("nobody knows what".to_owned(), |status| status.to_string());
        self.tell_of_end(worker.pool, worker.process.id(), &how);
        self.see_to_workers(worker.pool);
    }

    fn tell_of_end(&mut self, pool: u64, worker: u32, how: &str) {
        if let Some(object) = self.objects.get_mut(&pool) {
            object.worker_ended(worker, how);
        }
        self.settle(pool);
    }

    /// No worker outlives the server.
    pub(super) fn end_workers(&mut self) {
        for worker in self.nursery.0.values() {
            let _ = worker.process.signal(Signal::SIGKILL, self.site);
            let _ = worker.process.wait(None, self.site);
        }
    }
}

/// In a worker: what was copied from the server is not its own.
fn leave_the_server(server: u32, descriptors: &[RawFd]) {
    for fd in descriptors {
        // Each was open at the fork, and nothing here uses it any more.
        let _ = nix::unistd::close(*fd);
    }
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    if parent_id() != server {
        crate::sys::process::exit_now(0);
    }
}

/// What a worker does, until there is nothing more to do or nobody to ask.
fn work<P: Io + Tasks>(address: &Address, key: &AuthKey, pool: u64) {
    let link = Link::<P>::to(address, key);
    let me = P::process_id();
    while let Ok(Reply::Task(task, input)) = link.call(pool, None, Method::Pool(PoolCall::Take(me))) {
        let mut output = Vec::new();
        let outcome = Code::from_number(task.function).run::<Outcome>(&input.0, &mut output);
        let outcome = outcome.map(|()| Bytes(output));
        let hand_in = Method::Pool(PoolCall::HandIn(task.number, outcome));
        if link.call(pool, None, hand_in).is_err() {
            // Too long to be sent: that must be told instead.
            let why = "the result cannot be sent back".to_owned();
            if link.call(pool, None, Method::Pool(PoolCall::HandIn(task.number, Err(why)))).is_err() {
                return;
            }
        }
    }
}
