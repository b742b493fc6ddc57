//! A value that is made once, by one of many tasks, and a value that makes itself.
//!
//! Called by programs whose tasks share something that is costly to prepare.
//!
//! | state | `get` | `get_or_init` | `set` |
//! |---|---|---|---|
//! | empty | nothing | makes it | puts it in |
//! | somebody makes it | nothing | waits | waits |
//! | somebody died, or panicked, making it | nothing | makes it | puts it in |
//! | full | the value | the value | gives its own back |
//!
//! 1. A reference to the value exists only once the cell is full, and from then on the
//!    value does not change, except by whoever has the cell to itself.
//! 2. Only the task that has its turn writes, and no reference exists then.
//! 3. Before the cell is full, what is in it is not looked at: a dead task may have written
//!    half of it. That can only be in shared memory, where nothing is ever dropped (see
//!    [`Shared`](crate::shm::Shared)).
//!
//! Orderings: whoever gets the value sees all of it.
//!
//! When a process dies here, at whatever instruction, the cell is empty or full, never half
//! full: what a dead task had begun to write, the next one writes over.

use super::once::once;
use crate::platform::{Native, Robust, Site, Tasks};
use crate::raw::{Patience, RawOnce};
use crate::shm::Shareable;
use std::cell::UnsafeCell;
use std::convert::Infallible;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

/// A place for a value that is made once.
///
/// ```
/// use selvedge::{OnceCell, Process, Shared};
///
/// let primes = Shared::new(OnceCell::new());
/// let child = Process::spawn({
///     let primes = primes.clone();
///     move || assert_eq!(primes.get_or_init(|| [2, 3, 5])[2], 5)
/// });
/// assert!(child.join()?.success());
/// assert_eq!(primes.get_or_init(|| [0; 3]), &[2, 3, 5]);
/// # Ok::<(), selvedge::Error>(())
/// ```
#[doc(alias = "OnceLock")]
#[repr(C)]
pub struct OnceCell<T, P: Robust = Native> {
    raw: RawOnce<P>,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: invariants 1 and 2; one task makes the value, all have shared references to it.
unsafe impl<T: Send + Sync, P: Robust> Sync for OnceCell<T, P> {}
// SAFETY: nothing in it belongs to one thread.
unsafe impl<T: Send, P: Robust> Send for OnceCell<T, P> {}
// SAFETY: words, and a value that is shareable by itself.
unsafe impl<T: Shareable, P: Tasks> Shareable for OnceCell<T, P> {
    const FORK_ONLY: bool = T::FORK_ONLY;
}

impl<T, P: Robust> OnceCell<T, P> {
    /// An empty cell.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        P::made("OnceCell");
        OnceCell { raw: RawOnce::new(), value: UnsafeCell::new(None) }
    }

    /// The value, if there is one.
    #[track_caller]
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.raw.is_done(P::Site::here()).then(|| self.filled())
    }

    /// The value, made with `make` if there is none; waits if another task is making it.
    ///
    /// # Panics
    /// If `make` does, or if it asks for the value of the same cell.
    #[track_caller]
    #[inline]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.fill(Patience::Forever, P::Site::here(), || Ok::<T, Infallible>(make())) {
            Ok(_) => self.filled(),
            Err(never) => match never {},
        }
    }

    /// As [`get_or_init`](Self::get_or_init), with a `make` that can fail; the cell stays
    /// empty then.
    ///
    /// # Errors
    /// What `make` returned.
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    #[track_caller]
    pub fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        self.fill(Patience::Forever, P::Site::here(), make)?;
        Ok(self.filled())
    }

    /// As [`get_or_init`](Self::get_or_init), but waits not much longer than `timeout` for
    /// another task; nothing if that one was not done by then.
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    #[track_caller]
    pub fn get_or_init_timeout(&self, timeout: Duration, make: impl FnOnce() -> T) -> Option<&T> {
        let patience = Patience::Until(P::deadline(timeout));
        match self.fill(patience, P::Site::here(), || Ok::<T, Infallible>(make())) {
            Ok(full) => full.then(|| self.filled()),
            Err(never) => match never {},
        }
    }

    /// Puts `value` in; waits if another task is about to.
    ///
    /// # Errors
    /// The value itself, if there is one already.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        let take = || value.take().ok_or(());
        let _ = self.fill(Patience::Forever, P::Site::here(), take);
        value.map_or(Ok(()), Err)
    }

    /// Waits until there is a value, without making it.
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.raw.wait(P::Site::here());
        self.filled()
    }

    /// As [`wait`](Self::wait), but not much longer than `timeout`.
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Option<&T> {
        self.raw.wait_until(P::deadline(timeout), P::Site::here()).then(|| self.filled())
    }

    /// The value, since nobody else can have the cell.
    #[track_caller]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        if self.raw.is_done(P::Site::here()) { self.value.get_mut().as_mut() } else { None }
    }

    /// The value, if there is one, which leaves the cell empty.
    #[track_caller]
    pub fn take(&mut self) -> Option<T> {
        let full = self.raw.is_done(P::Site::here());
        self.raw = RawOnce::new();
        if full { self.value.get_mut().take() } else { None }
    }

    /// The value, if there is one.
    #[track_caller]
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// Fills the cell if it is empty; says whether it is full now.
    #[inline]
    fn fill<E>(
        &self,
        patience: Patience,
        site: P::Site,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<bool, E> {
        once(&self.raw, patience, site, || {
            let value = make()?;
            // SAFETY: invariant 2: it is our turn, and the cell is empty. Nothing is dropped
            // that may be there by halves (invariant 3).
            unsafe { self.value.get().write(Some(value)) };
            Ok(())
        })
    }

    /// The value of a full cell.
    #[inline]
    fn filled(&self) -> &T {
        // SAFETY: the cell is full: invariant 1.
        let value = unsafe { &*self.value.get() };
        value.as_ref().expect("a full cell has a value")
    }
}

impl<T, P: Robust> Default for OnceCell<T, P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, P: Robust> From<T> for OnceCell<T, P> {
    fn from(value: T) -> Self {
        let cell = Self::new();
        let _ = cell.set(value);
        cell
    }
}

impl<T, P: Robust> fmt::Debug for OnceCell<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell").finish_non_exhaustive()
    }
}

/// A value that is made when somebody first looks at it.
///
/// It is made by a plain function, which is the same in every forked process.
///
/// ```
/// use selvedge::{LazyLock, Shared};
///
/// let squares = Shared::new(LazyLock::new(|| [0, 1, 4, 9]));
/// assert_eq!(squares[3], 9);
/// ```
///
/// A function that remembers something does not fit:
///
/// ```compile_fail,E0308
/// let size = 3;
/// let lazy = selvedge::LazyLock::new(|| size + 1);
/// ```
#[doc(alias = "Lazy")]
#[repr(C)]
pub struct LazyLock<T, P: Robust = Native> {
    cell: OnceCell<T, P>,
    make: fn() -> T,
}

// SAFETY: a cell, and the address of code: a forked process has the same code in the same
// place, and nothing else ever gets hold of the segment.
unsafe impl<T: Shareable, P: Tasks> Shareable for LazyLock<T, P> {
    const FORK_ONLY: bool = true;
}

impl<T, P: Robust> LazyLock<T, P> {
    /// A value that `make` will make.
    #[must_use]
    #[track_caller]
    pub fn new(make: fn() -> T) -> Self {
        P::made("LazyLock");
        LazyLock { cell: OnceCell::new(), make }
    }

    /// The value, which is made now if there is none; waits if another task is making it.
    ///
    /// # Panics
    /// If its function does, or if that asks for the value.
    #[track_caller]
    #[inline]
    pub fn force(&self) -> &T {
        self.cell.get_or_init(self.make)
    }

    /// The value, if it was made already.
    #[track_caller]
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.cell.get()
    }
}

impl<T, P: Robust> Deref for LazyLock<T, P> {
    type Target = T;

    #[track_caller]
    #[inline]
    fn deref(&self) -> &T {
        self.force()
    }
}

impl<T, P: Robust> fmt::Debug for LazyLock<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyLock").finish_non_exhaustive()
    }
}
