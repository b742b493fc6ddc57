//! What a pool is to be like, said before it exists.
//!
//! Called by programs to which [`Pool::new`] does not say enough.
//!
//! When the process dies here, the workers that were started end with it.

use super::core::{Core, Plan};
use super::pool::Pool;
use crate::Error;
use crate::platform::{Io, Native, Site, Tasks};
use crate::process::cpu_count;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Says what a pool is to be like, and then makes it.
///
/// ```
/// let pool: selvedge::Pool = selvedge::Pool::builder()
///     .workers(2)
///     .initializer(|| println!("ready"))
///     .max_tasks_per_worker(100)
///     .build()?;
/// assert_eq!(pool.apply(|name: String| name.len(), "four".to_owned())?, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is made before `build`"]
pub struct PoolBuilder<P: Tasks + Io = Native> {
    plan: Plan,
    platform: PhantomData<P>,
}

impl<P: Tasks + Io> PoolBuilder<P> {
    pub(super) fn new() -> Self {
        let plan = Plan { workers: cpu_count(), initializer: None, most_tasks: None, despite_threads: false };
        PoolBuilder { plan, platform: PhantomData }
    }

    /// How many workers there are, at least 1 and at most 4096; without this, as many as can
    /// run at the same time.
    pub fn workers(mut self, workers: usize) -> Self {
        self.plan.workers = workers;
        self
    }

    /// What each worker does before its first task, once. It may capture what it needs. If it
    /// panics, nothing is run any more, and every result is [`PoolError::NotReady`] with what
    /// it said.
    ///
    /// So workers get what is shared, which no argument can carry:
    ///
    /// ```
    /// use selvedge::{Pool, Shared, Value};
    /// use std::cell::RefCell;
    ///
    /// thread_local!(static SUM: RefCell<Option<Shared<Value<u32>>>> = const { RefCell::new(None) });
    ///
    /// let sum = Shared::new(Value::new(0));
    /// let prepare = { let sum = sum.clone(); move || SUM.set(Some(sum.clone())) };
    /// let pool = Pool::builder().workers(2).initializer(prepare).build()?;
    /// pool.map(|x: u32| SUM.with_borrow(|sum| _ = sum.as_ref().unwrap().fetch_add(x)), 0..5)?;
    /// assert_eq!(sum.get(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`PoolError::NotReady`]: super::PoolError::NotReady
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.plan.initializer = Some(Arc::new(initializer));
        self
    }

    /// After how many tasks a worker ends and another one takes its place, at least 1; a chunk
    /// is one task. Without this, a worker stays.
    #[doc(alias = "maxtasksperchild")]
    pub fn max_tasks_per_worker(mut self, tasks: u32) -> Self {
        self.plan.most_tasks = Some(tasks);
        self
    }

    /// Forks workers even if this process has other threads; see
    /// [`Process::despite_threads`](crate::process::Process::despite_threads).
    pub fn despite_threads(mut self) -> Self {
        self.plan.despite_threads = true;
        self
    }

    /// Makes the pool and starts its workers.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a number that is out of range,
    /// [`Error::ForkWithThreads`] if this process has other threads and nobody asked for it,
    /// [`Error::DaemonWithChild`] in a worker of another pool, or [`Error::Os`] if the
    /// operating system refuses.
    #[track_caller]
    pub fn build(self) -> Result<Pool<P>, Error> {
        P::made("Pool");
        let invalid = |what, given: usize, allowed: &str| Error::InvalidArgument {
            what,
            given: given.to_string(),
            allowed: allowed.to_owned(),
        };
        if !(1..=4096).contains(&self.plan.workers) {
            return Err(invalid("the number of workers", self.plan.workers, "from 1 to 4096"));
        }
        if self.plan.most_tasks == Some(0) {
            return Err(invalid("the number of tasks per worker", 0, "at least 1, or not be given at all"));
        }
        let core = P::on_behalf_of(P::Site::here(), || Core::new(self.plan))?;
        Ok(Pool::of(core))
    }
}

impl<P: Tasks + Io> fmt::Debug for PoolBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder").field("workers", &self.plan.workers).finish_non_exhaustive()
    }
}
