//! What pools of processes and of threads have in common.
//!
//! Called by programs that leave it to their caller which of the two it is.
//!
//! When a worker dies, see [`Pool`]; a thread dies with its process only.

use super::{AsyncResult, Pool, PoolError, ThreadPool, ThreadResult};
use crate::platform::{Io, Tasks};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A result of type `R` that may not have come yet.
pub trait Pending<R> {
    /// Waits for the result and takes it out.
    ///
    /// # Errors
    /// [`PoolError`]: what became of the task instead; [`PoolError::Taken`] if it was taken
    /// before.
    #[track_caller]
    fn get(&self) -> Result<R, PoolError>;

    /// As [`get`](Self::get), but not for much longer than `timeout`.
    ///
    /// # Errors
    /// [`PoolError::Timeout`] if the result did not come in time; it can be got later.
    #[track_caller]
    fn get_timeout(&self, timeout: Duration) -> Result<R, PoolError>;

    /// Whether the result has come, or an error in its place.
    #[track_caller]
    fn ready(&self) -> bool;

    /// Whether the task finished without an error.
    ///
    /// # Errors
    /// [`PoolError::NotFinished`] if it is not finished.
    #[track_caller]
    fn successful(&self) -> Result<bool, PoolError>;
}

/// Writes the methods of the trait, which are those of the type.
macro_rules! pending {
    ($($result:ident<$($bound:path),+> of $($of:path),+;)*) => {$(
        impl<R: $($of +)+ 'static, P: $($bound +)+> Pending<R> for $result<R, P> {
            fn get(&self) -> Result<R, PoolError> {
                $result::get(self)
            }

            fn get_timeout(&self, timeout: Duration) -> Result<R, PoolError> {
                $result::get_timeout(self, timeout)
            }

            fn ready(&self) -> bool {
                $result::ready(self)
            }

            fn successful(&self) -> Result<bool, PoolError> {
                $result::successful(self)
            }
        }
    )*};
}

pending! {
    AsyncResult<Tasks, Io> of Send;
    ThreadResult<Tasks> of Send;
}

/// What can be sent to any worker and back, by whatever kind of pool.
pub trait Sent: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Sent for T {}

/// Workers that run functions, whether they are processes or threads. The functions capture
/// nothing.
///
/// ```
/// use selvedge::pool::{Pending, Workers};
///
/// fn squares(workers: &impl Workers) -> Vec<u32> {
///     let last = workers.apply_async(|x: u32| x * x, 3).unwrap();
///     let mut squares = workers.map(|x: u32| x * x, 0..3).unwrap();
///     squares.push(last.get().unwrap());
///     squares
/// }
/// assert_eq!(squares(&selvedge::Pool::new(2)?), squares(&selvedge::ThreadPool::new(2)?));
/// # Ok::<(), selvedge::Error>(())
/// ```
pub trait Workers {
    /// A result that may not have come yet.
    type Later<R: Send + 'static>: Pending<R>;

    /// Runs `function` and waits for its result.
    ///
    /// # Errors
    /// [`PoolError`].
    #[track_caller]
    fn apply<F, I, O>(&self, function: F, argument: I) -> Result<O, PoolError>
    where
        F: Fn(I) -> O + Copy + Send + Sync + 'static,
        I: Sent,
        O: Sent;

    /// Has `function` run.
    ///
    /// # Errors
    /// [`PoolError::Closed`], or [`PoolError::Argument`]; nothing is run then.
    #[track_caller]
    fn apply_async<F, I, O>(&self, function: F, argument: I) -> Result<Self::Later<O>, PoolError>
    where
        F: Fn(I) -> O + Copy + Send + Sync + 'static,
        I: Sent,
        O: Sent;

    /// As [`apply_async`](Self::apply_async); `callback` is called once with the result or the
    /// error: of processes by a thread that waits for anything of the pool, of threads by the
    /// thread that had the task.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    fn apply_async_then<F, I, O>(
        &self,
        function: F,
        argument: I,
        callback: impl FnOnce(Result<&O, &PoolError>) + Send + 'static,
    ) -> Result<Self::Later<O>, PoolError>
    where
        F: Fn(I) -> O + Copy + Send + Sync + 'static,
        I: Sent,
        O: Sent;

    /// The result of `function` for each argument, in their order.
    ///
    /// # Errors
    /// The [`PoolError`] that came first, after all the others have arrived.
    #[track_caller]
    fn map<F, I, O>(&self, function: F, arguments: impl IntoIterator<Item = I>) -> Result<Vec<O>, PoolError>
    where
        F: Fn(I) -> O + Copy + Send + Sync + 'static,
        I: Sent,
        O: Sent;

    /// Has `function` run for each argument, `chunk` of them at a time; `None` for about a
    /// quarter of what there is for each worker.
    ///
    /// # Errors
    /// [`PoolError::Closed`], [`PoolError::Argument`] or [`PoolError::NoChunk`]; nothing is run
    /// then.
    #[track_caller]
    fn map_async<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: Option<usize>,
    ) -> Result<Self::Later<Vec<O>>, PoolError>
    where
        F: Fn(I) -> O + Copy + Send + Sync + 'static,
        I: Sent,
        O: Sent;

    /// As [`map_async`](Self::map_async), with a callback as in
    /// [`apply_async_then`](Self::apply_async_then), which gets all results at once.
    ///
    /// # Errors
    /// As [`map_async`](Self::map_async).
    #[track_caller]
    fn map_async_then<F, I, O>(
        &self,
        function: F,
        arguments: impl IntoIterator<Item = I>,
        chunk: Option<usize>,
        callback: impl FnOnce(Result<&Vec<O>, &PoolError>) + Send + 'static,
    ) -> Result<Self::Later<Vec<O>>, PoolError>
    where
        F: Fn(I) -> O + Copy + Send + Sync + 'static,
        I: Sent,
        O: Sent;

    /// The results of `function` in the order of the arguments, each as soon as it is there;
    /// arguments are taken as results are asked for. `chunk` of them are one task.
    ///
    /// # Errors
    /// [`PoolError::Closed`] or [`PoolError::NoChunk`].
    #[track_caller]
    fn imap<F, T, O>(
        &self,
        function: F,
        arguments: T,
        chunk: usize,
    ) -> Result<impl Iterator<Item = Result<O, PoolError>>, PoolError>
    where
        F: Fn(T::Item) -> O + Copy + Send + Sync + 'static,
        T: IntoIterator<Item: Sent>,
        O: Sent;

    /// As [`imap`](Self::imap), in the order in which the results come.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    fn imap_unordered<F, T, O>(
        &self,
        function: F,
        arguments: T,
        chunk: usize,
    ) -> Result<impl Iterator<Item = Result<O, PoolError>>, PoolError>
    where
        F: Fn(T::Item) -> O + Copy + Send + Sync + 'static,
        T: IntoIterator<Item: Sent>,
        O: Sent;

    /// Takes no new tasks from now on; those that are out are done.
    #[track_caller]
    fn close(&self);

    /// Fails what is out with [`PoolError::Terminated`]: in processes at once, in threads what
    /// is not begun.
    #[track_caller]
    fn terminate(&self);

    /// Waits until the workers have ended.
    ///
    /// # Errors
    /// [`PoolError::StillOpen`] before one of the other two.
    #[track_caller]
    fn join(&self) -> Result<(), PoolError>;
}

/// Writes one method of the trait, which is that of the type.
macro_rules! forward {
    ($pool:ident $name:ident<$input:ident: ($($bound:tt)+)>($($argument:ident: $type:ty),*) -> $output:ty, $of:ty) => {
        fn $name<F, $input, O>(&self, function: F, $($argument: $type),*) -> Result<$output, PoolError>
        where
            F: Fn($of) -> O + Copy + Send + Sync + 'static,
            $input: $($bound)+,
            O: Sent,
        {
            $pool::$name(self, function, $($argument),*)
        }
    };
}

macro_rules! workers {
    ($($pool:ident<$($bound:path),+> has $result:ident;)*) => {$(
        impl<P: $($bound +)+> Workers for $pool<P> {
            type Later<R: Send + 'static> = $result<R, P>;

            forward!($pool apply<I: (Sent)>(argument: I) -> O, I);
            forward!($pool apply_async<I: (Sent)>(argument: I) -> Self::Later<O>, I);
            forward!($pool apply_async_then<I: (Sent)>(
                argument: I,
                callback: impl FnOnce(Result<&O, &PoolError>) + Send + 'static
            ) -> Self::Later<O>, I);
            forward!($pool map<I: (Sent)>(arguments: impl IntoIterator<Item = I>) -> Vec<O>, I);
            forward!($pool map_async<I: (Sent)>(
                arguments: impl IntoIterator<Item = I>,
                chunk: Option<usize>
            ) -> Self::Later<Vec<O>>, I);
            forward!($pool map_async_then<I: (Sent)>(
                arguments: impl IntoIterator<Item = I>,
                chunk: Option<usize>,
                callback: impl FnOnce(Result<&Vec<O>, &PoolError>) + Send + 'static
            ) -> Self::Later<Vec<O>>, I);
            forward!($pool imap<T: (IntoIterator<Item: Sent>)>(
                arguments: T,
                chunk: usize
            ) -> impl Iterator<Item = Result<O, PoolError>>, T::Item);
            forward!($pool imap_unordered<T: (IntoIterator<Item: Sent>)>(
                arguments: T,
                chunk: usize
            ) -> impl Iterator<Item = Result<O, PoolError>>, T::Item);

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
    Pool<Tasks, Io> has AsyncResult;
    ThreadPool<Tasks> has ThreadResult;
}
