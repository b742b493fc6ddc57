//! A pool of a manager: worker processes beside the server, used from any process of the
//! program.
//!
//! Made by [`Manager::pool`].
//!
//! When a worker dies, the task that it was at is lost, and whoever waits for it is told;
//! another worker takes its place. When who submitted a task dies, nobody is told of it.

use super::handle::{Handle, done, number, proxy, yes};
use crate::Error;
use crate::manager::Manager;
use crate::manager::family::family;
use crate::manager::link::{decode, encode, unexpected};
use crate::manager::message::{Bytes, Reply};
use crate::manager::nursery::Outcome;
use crate::manager::state::{Kind, Method, PoolCall};
use crate::platform::{Io, Tasks};
use crate::shm::function::{Body, Code};
use crate::sys::panics;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

proxy! {
    /// Worker processes that run functions, for every process that was forked from the one
    /// that started the manager, or before it.
    ///
    /// As for a [`Pool`](crate::Pool), a task is a function or closure that captures
    /// nothing, and gets what it needs as its argument.
    ///
    /// ```
    /// # let manager: selvedge::manager::Manager = selvedge::manager::Manager::start()?;
    /// let pool = manager.pool(2)?;
    /// assert_eq!(pool.map(|x: u64| x * x, 0..5)?, [0, 1, 4, 9, 16]);
    /// # Ok::<(), selvedge::Error>(())
    /// ```
    ///
    /// Every method can fail with [`Error::ManagerGone`], with [`Error::Value`] if an
    /// argument or a result cannot be encoded or decoded, and with [`Error::Remote`] if the
    /// pool is closed, if a task panicked, or if its worker died.
    Pool
}

/// Results that may not have come yet.
#[must_use = "the tasks are run, but nobody learns what became of them"]
pub struct Pending<O, P: Io + Tasks> {
    handle: Handle<P>,
    first: u64,
    count: u64,
    results: PhantomData<fn() -> O>,
}

/// A function that is applied to each argument of a task.
struct Each<F, I, O>(F, PhantomData<fn(I) -> O>);

impl<F: Copy, I, O> Copy for Each<F, I, O> {}
impl<F: Copy, I, O> Clone for Each<F, I, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F, I, O> Body<Outcome> for Each<F, I, O>
where
    F: Fn(I) -> O + Copy + 'static,
    I: DeserializeOwned + 'static,
    O: Serialize + 'static,
{
    fn run(self, input: &[u8], output: &mut Vec<u8>) -> Outcome {
        let arguments: Vec<I> = decode(&Bytes(input.to_vec())).map_err(|error| error.to_string())?;
        let results = || arguments.into_iter().map(self.0).collect::<Vec<O>>();
        match catch_unwind(AssertUnwindSafe(results)) {
            Ok(results) => {
                output.extend(encode(&results).map_err(|error| error.to_string())?.0);
                Ok(())
            }
            Err(payload) => Err(format!("the task panicked: {}", panics::end(payload))),
        }
    }
}

impl<P: Io + Tasks> Manager<P> {
    /// A new pool of so many workers, which are processes beside the server.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if they are none or more than 4096, or
    /// [`Error::ManagerGone`].
    #[track_caller]
    pub fn pool(&self, workers: usize) -> Result<Pool<P>, Error> {
        if !(1..=4096).contains(&workers) {
            return Err(Error::InvalidArgument {
                what: "the number of workers",
                given: workers.to_string(),
                allowed: "from 1 to 4096".to_owned(),
            });
        }
        Ok(Pool::of(Handle::new(&self.link, self.link.create(Kind::Pool(workers as u64))?)))
    }
}

#[allow(clippy::missing_errors_doc, reason = "the type says it once for all of them")]
impl<P: Io + Tasks> Pool<P> {
    /// Runs `function` in a worker and waits for its result.
    #[track_caller]
    pub fn apply<F, I, O>(&self, function: F, argument: I) -> Result<O, Error>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        let mut results = self.map_async(function, [argument], 1)?.get()?;
        results.pop().ok_or_else(|| unexpected(Reply::Many(Vec::new())))
    }

    /// The result of `function` for each argument, in their order, about four tasks for each
    /// core; of several errors the first one, after all tasks have ended.
    #[track_caller]
    pub fn map<F, I, O>(&self, function: F, arguments: impl IntoIterator<Item = I>) -> Result<Vec<O>, Error>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        let arguments: Vec<I> = arguments.into_iter().collect();
        let chunk = arguments.len().div_ceil(4 * crate::process::cpu_count());
        self.map_async(function, arguments, chunk.max(1))?.get()
    }

    /// Has `function` run for each argument; `chunk` of them are one task. It is an
    /// [`Error::InvalidArgument`] if that is 0.
    #[doc(alias = "apply_async")]
    #[track_caller]
    pub fn map_async<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: usize,
    ) -> Result<Pending<O, P>, Error>
    where
        F: Fn(I) -> O + Copy + 'static,
        I: Serialize + DeserializeOwned + 'static,
        O: Serialize + DeserializeOwned + 'static,
    {
        if chunk == 0 {
            let (given, allowed) = ("0".to_owned(), "at least 1".to_owned());
            return Err(Error::InvalidArgument { what: "the size of a chunk", given, allowed });
        }
        let code = Code::of::<Outcome, _>(Each(function, PhantomData)).number();
        let arguments: Vec<I> = arguments.into_iter().collect();
        let tasks = arguments.chunks(chunk).map(|part| Ok((code, encode(part)?)));
        let tasks = tasks.collect::<Result<Vec<_>, Error>>()?;
        let count = tasks.len() as u64;
        let first = number(self.call(PoolCall::Submit { family: family(), tasks })?)? as u64;
        Ok(Pending { handle: self.handle.clone(), first, count, results: PhantomData })
    }

    #[track_caller]
    fn call(&self, call: PoolCall) -> Result<Reply, Error> {
        self.handle.now(Method::Pool(call))
    }

    /// Takes no new tasks from now on; those that are out are done.
    #[track_caller]
    pub fn close(&self) -> Result<(), Error> {
        done(self.call(PoolCall::Close)?)
    }

    /// Ends the workers at once, with `SIGKILL`; what is out is lost.
    #[track_caller]
    pub fn terminate(&self) -> Result<(), Error> {
        done(self.call(PoolCall::Terminate)?)
    }

    /// Waits until all that is out is done; the pool must have been closed or terminated.
    #[track_caller]
    pub fn join(&self) -> Result<(), Error> {
        done(self.handle.wait(None, Method::Pool(PoolCall::Join))?)
    }
}

#[allow(clippy::missing_errors_doc, reason = "they are those of the pool")]
impl<O: DeserializeOwned, P: Io + Tasks> Pending<O, P> {
    /// Waits for all results.
    pub fn get(self) -> Result<Vec<O>, Error> {
        let call = PoolCall::Collect { first: self.first, count: self.count };
        match self.handle.wait(None, Method::Pool(call))? {
            Reply::Many(parts) => {
                let parts = parts.iter().map(decode::<Vec<O>>).collect::<Result<Vec<_>, Error>>()?;
                Ok(parts.into_iter().flatten().collect())
            }
            other => Err(unexpected(other)),
        }
    }

    /// Waits for all results, but not much longer than `timeout`; false if the time passed
    /// first.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Result<bool, Error> {
        let call = PoolCall::Await { first: self.first, count: self.count };
        match self.handle.wait(Some(timeout), Method::Pool(call))? {
            Reply::TimedOut => Ok(false),
            other => yes(other),
        }
    }
}

impl<O, P: Io + Tasks> std::fmt::Debug for Pending<O, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pending({} tasks of {:?})", self.count, self.handle)
    }
}
