//! What pools of processes and of threads have in common.
//!
//! Called by programs that leave it to their caller which of the two it is.
//!
//! When a worker dies, see [`Pool`]; a thread dies with its process only.

use super::{Pool, PoolError, ThreadPool};
use crate::platform::{Io, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Workers that run functions, whether they are processes or threads.
///
/// ```
/// use selvedge::pool::Workers;
///
/// fn squares(workers: &impl Workers) -> Vec<u32> {
///     workers.map(|x: u32| x * x, 0..4).unwrap()
/// }
/// assert_eq!(squares(&selvedge::Pool::new(2)?), squares(&selvedge::ThreadPool::new(2)?));
/// # Ok::<(), selvedge::Error>(())
/// ```
pub trait Workers {
    /// Runs `function`, which captures nothing, and waits for its result.
    ///
    /// # Errors
    /// [`PoolError`].
    #[track_caller]
    fn apply<F, I, O>(&self, function: F, argument: I) -> Result<O, PoolError>
    where
        F: Fn(I) -> O + Copy + Send + Sync + 'static,
        I: Serialize + DeserializeOwned + Send + 'static,
        O: Serialize + DeserializeOwned + Send + 'static;

    /// The result of `function` for each argument, in their order.
    ///
    /// # Errors
    /// The [`PoolError`] that came first, after all the others have arrived.
    #[track_caller]
    fn map<F, I, O>(&self, function: F, arguments: impl IntoIterator<Item = I>) -> Result<Vec<O>, PoolError>
    where
        F: Fn(I) -> O + Copy + Send + Sync + 'static,
        I: Serialize + DeserializeOwned + Send + 'static,
        O: Serialize + DeserializeOwned + Send + 'static;

    /// Takes no new tasks from now on; those that are out are done.
    fn close(&self);

    /// Fails what is out with [`PoolError::Terminated`]: in processes at once, in threads what
    /// is not begun.
    fn terminate(&self);

    /// Waits until the workers have ended.
    ///
    /// # Errors
    /// [`PoolError::StillOpen`] before one of the other two.
    #[track_caller]
    fn join(&self) -> Result<(), PoolError>;
}

macro_rules! workers {
    ($($pool:ident: $($bound:path),+;)*) => {$(
        impl<P: $($bound +)+> Workers for $pool<P> {
            fn apply<F, I, O>(&self, function: F, argument: I) -> Result<O, PoolError>
            where
                F: Fn(I) -> O + Copy + Send + Sync + 'static,
                I: Serialize + DeserializeOwned + Send + 'static,
                O: Serialize + DeserializeOwned + Send + 'static,
            {
                $pool::apply(self, function, argument)
            }

            fn map<F, I, O>(
                &self,
                function: F,
                arguments: impl IntoIterator<Item = I>,
            ) -> Result<Vec<O>, PoolError>
            where
                F: Fn(I) -> O + Copy + Send + Sync + 'static,
                I: Serialize + DeserializeOwned + Send + 'static,
                O: Serialize + DeserializeOwned + Send + 'static,
            {
                $pool::map(self, function, arguments)
            }

            fn close(&self) {
                $pool::close(self);
            }

            fn terminate(&self) {
                $pool::terminate(self);
            }

            fn join(&self) -> Result<(), PoolError> {
                $pool::join(self)
            }
        }
    )*};
}

workers! {
    Pool: Tasks, Io;
    ThreadPool: Tasks;
}
