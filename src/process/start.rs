//! The start of a process: the one moment at which it is decided how it begins.
//!
//! Called by programs, through [`Process::start`].
//!
//! | the process runs | `Fork` | `Spawn`, `ForkServer` |
//! |---|---|---|
//! | a closure | a copy of this process runs it | only if nobody asked for it: a fork; else an error |
//! | an entry | a copy of this process calls it | another process is sent its argument |
//!
//! 1. A start that was refused leaves the process as it was.
//! 2. In an exploration every process is forked: the scheduler knows no other.
//!
//! When the parent dies in the midst of a start, the child runs, or ends because its
//! parent is gone before it was told what to do.

use super::child::Record;
use super::entry::{Job, Message};
use super::executed::{self, Letter};
use super::family;
use super::identity::Link;
use super::process::{Body, Process, State};
use super::{StartMethod, end, start_method, threads};
use crate::Error;
use crate::channel::giving;
use crate::platform::{Site, Tasks};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Arc, PoisonError};

impl<P: Tasks> Process<P> {
    /// Starts the process.
    ///
    /// # Errors
    /// [`Error::AlreadyStarted`] if it was started before, [`Error::DaemonWithChild`] if
    /// the calling process is a daemon, [`Error::NeedsEntry`] if a closure was to begin
    /// in another way than by a fork, [`Error::ForkWithThreads`] if this process has other
    /// threads and nobody [asked for it](Self::despite_threads), [`Error::Value`] if the argument of an entry cannot
    /// be sent, or [`Error::Os`] if the operating system refuses; then it can be tried
    /// again.
    #[track_caller]
    pub fn start(&mut self) -> Result<(), Error> {
        P::made("Process");
        let site = P::Site::here();
        self.check_new()?;
        let parent = family::current::<P>();
        if parent.daemon {
            return Err(Error::DaemonWithChild {
                daemon: parent.name.to_string(),
                name: self.name.to_string(),
            });
        }
        let letter = self.letter()?;
        let own = parent.child(Arc::clone(&self.name), self.path.clone(), self.daemon, self.authkey.clone());
        end::arrange::<P>();
        let child = match letter {
            Some((method, message)) => P::adopt(executed::start(method, Letter::new(&own, message))?),
            None => self.fork(own, site)?,
        };
        let record = Record { name: Arc::clone(&self.name), daemon: self.daemon, child };
        self.state = State::Started(record.enlist(&parent));
        Ok(())
    }

    /// What another process is told so that it can be this one, and how that begins; `None` if
    /// a copy of this process will do.
    fn letter(&mut self) -> Result<Option<(StartMethod, Message)>, Error> {
        let method = self.method.unwrap_or_else(start_method);
        let State::New(body) = &mut self.state else { return Ok(None) };
        if !P::executes() || method == StartMethod::Fork {
            return Ok(None);
        }
        let job = body.get_mut().unwrap_or_else(PoisonError::into_inner);
        match job.letter() {
            Some(message) => Ok(Some((method, message?))),
            None if self.method.is_none() => Ok(None),
            None => Err(Error::NeedsEntry { name: self.name.to_string(), method: method.to_string() }),
        }
    }

    fn fork(&mut self, own: Box<Link>, site: P::Site) -> Result<P::Process, Error> {
        if !self.despite_threads {
            threads::check::<P>(&self.name)?;
        }
        let State::New(body) = std::mem::replace(&mut self.state, State::Starting) else {
            unreachable!("it was checked to be new");
        };
        fork::<P>(&self.name, body, own, site).map_err(|(body, error)| {
            self.state = body.map_or(State::Starting, State::New);
            error
        })
    }
}

fn fork<P: Tasks>(
    name: &str,
    body: Body,
    own: Box<Link>,
    site: P::Site,
) -> Result<P::Process, (Option<Body>, Error)> {
    // Kept in a slot, so that it is still here when the fork fails.
    let slot = Rc::new(Cell::new(Some((body, own))));
    let in_child = Rc::clone(&slot);
    let run = move || {
        let (body, own) = in_child.take().expect("the body is run once");
        family::enter::<P>(own);
        let mut job: Box<dyn Job> = body.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcome = catch_unwind(AssertUnwindSafe(|| job.run()));
        family::current::<P>().leave(outcome.is_err());
        if P::has_own_memory() {
            // The process is about to end; to give memory back would be to write to more of it.
            std::mem::forget(job);
        }
        outcome.map_or_else(|payload| resume_unwind(payload), |()| 0)
    };
    let held = Rc::clone(&slot);
    // What is dropped here lives on in the child.
    match P::fork_holding(name, run, move || giving(|| drop(held.take())), site) {
        Ok(child) => {
            giving(|| drop(slot));
            Ok(child)
        }
        Err(source) => Err((slot.take().map(|(body, _)| body), Error::Os { operation: "fork", source })),
    }
}
