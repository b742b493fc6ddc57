//! A number that everybody can read and write, and a lock beside it.
//!
//! Called by programs: between threads as it is, between processes inside
//! [`Shared`](crate::shm::Shared).
//!
//! | action | indivisible |
//! |---|---|
//! | `get`, `set` | yes, each by itself |
//! | `set(get() + 1)` | no: two actions, and somebody may come between them |
//! | `fetch_add`, `compare_exchange` | yes |
//! | `await_eq`, `await_ne`, `await_at_least` | yes: the look that finds what it waits for |
//! | anything under `lock()` | as long as everybody locks |
//!
//! 1. The lock protects nothing by itself: `get` and `set` do not take it.
//! 2. Under the lock, `get` and `set` are the same visible actions on the same word.
//!
//! Nobody who writes a number knows who waits for it, so a write costs what it always
//! did, and who waits looks again and again: some hundred times at once, then after ever
//! longer sleeps of 1 us to 1 ms. An [`Event`](super::Event) wakes its waiters instead.
//! A scheduler holds the task back until somebody has written what it waits for.
//!
//! Orderings: all accesses are relaxed: a number tells nothing about other memory, not
//! even one that was waited for. The lock orders what is done under it.
//!
//! When a process dies with the lock, it stays taken; the number is the old or the new
//! one.

use super::element::{Element, Integer, Seen, Word};
use crate::platform::{Atomic, Cmp, Guard, Kind, Native, Observe, Op, Platform, Site, Tasks};
use crate::raw::RawMutex;
use crate::shm::Shareable;
use std::fmt;
use std::sync::atomic::Ordering::Relaxed;

/// A number that everybody can read and write.
///
/// ```
/// let money = selvedge::Value::new(2000_i64);
/// money.set(money.get() + 1);                    // two actions
/// money.fetch_add(1);                            // one
/// money.lock().update(|money| money + 1);        // one, for all who lock
/// assert_eq!(money.get(), 2003);
/// ```
#[repr(C)]
pub struct Value<T: Element, P: Platform = Native> {
    lock: RawMutex<P>,
    cell: T::Cell<P>,
}

// SAFETY: two words that mean the same to every process, at whatever address.
unsafe impl<T: Element, P: Tasks> Shareable for Value<T, P> {}

/// The lock of a [`Value`], until this is dropped.
#[must_use = "a guard that is dropped at once protects nothing"]
pub struct ValueGuard<'a, T: Element, P: Platform = Native> {
    value: &'a Value<T, P>,
    site: P::Site,
}

impl<T: Element, P: Platform> Value<T, P> {
    /// A number that begins as `value`.
    #[inline]
    #[track_caller]
    pub fn new(value: T) -> Self {
        P::made("Value");
        Value { lock: RawMutex::new(), cell: T::Cell::<P>::new(value.to_bits()) }
    }

    /// Reads the number.
    #[track_caller]
    #[inline]
    pub fn get(&self) -> T {
        get::<T, P>(&self.cell, P::Site::here())
    }

    /// Writes the number.
    #[track_caller]
    #[inline]
    pub fn set(&self, value: T) {
        set::<T, P>(&self.cell, value, P::Site::here());
    }

    /// Writes `new` if the number is `current`, bit for bit; one action either way.
    ///
    /// ```
    /// let ticket = selvedge::Value::new(1_u32);
    /// assert_eq!(ticket.compare_exchange(1, 0), Ok(1));
    /// assert_eq!(ticket.compare_exchange(1, 0), Err(0));
    /// ```
    ///
    /// # Errors
    /// The number that was there instead.
    #[track_caller]
    #[inline]
    pub fn compare_exchange(&self, current: T, new: T) -> Result<T, T> {
        compare_exchange::<T, P>(&self.cell, current, new, P::Site::here())
    }

    /// Takes the lock beside the number, waiting as long as it takes.
    #[doc(alias = "get_lock")]
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> ValueGuard<'_, T, P> {
        let site = P::Site::here();
        self.lock.lock(site);
        ValueGuard { value: self, site }
    }
}

impl<T: Integer, P: Platform> Value<T, P> {
    /// Adds to the number, wrapping around, and returns what it was before.
    #[track_caller]
    #[inline]
    pub fn fetch_add(&self, value: T) -> T {
        fetch_add::<T, P>(&self.cell, value, P::Site::here())
    }
}

impl<T: Word, P: Platform> Value<T, P> {
    /// Waits until the number is `value`. One that is so only between two looks may be
    /// missed, except under a scheduler.
    ///
    /// ```
    /// let ready = selvedge::Value::new(0_u32);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| ready.set(1));
    ///     ready.await_eq(1);
    /// });
    /// ```
    #[track_caller]
    #[inline]
    pub fn await_eq(&self, value: T) {
        let _ = wait::<T, P>(&self.cell, Cmp::Eq, value, P::Site::here());
    }

    /// Waits until the number is anything but `value`, and returns what it is.
    #[track_caller]
    #[inline]
    pub fn await_ne(&self, value: T) -> T {
        wait::<T, P>(&self.cell, Cmp::Ne, value, P::Site::here())
    }
}

impl<P: Platform> Value<u32, P> {
    /// Waits until the number is `least` or more, and returns what it is.
    #[track_caller]
    #[inline]
    pub fn await_at_least(&self, least: u32) -> u32 {
        wait_at_least::<P>(&self.cell, least, P::Site::here())
    }
}

impl<T: Element, P: Platform> ValueGuard<'_, T, P> {
    /// Reads the number.
    #[track_caller]
    #[inline]
    pub fn get(&self) -> T {
        get::<T, P>(&self.value.cell, P::Site::here())
    }

    /// Writes the number.
    #[track_caller]
    #[inline]
    pub fn set(&self, value: T) {
        set::<T, P>(&self.value.cell, value, P::Site::here());
    }

    /// Reads the number, writes what `change` makes of it, and returns that.
    #[track_caller]
    #[inline]
    pub fn update(&self, change: impl FnOnce(T) -> T) -> T {
        let next = change(self.get());
        self.set(next);
        next
    }
}

impl<T: Element, P: Platform> Drop for ValueGuard<'_, T, P> {
    #[inline]
    fn drop(&mut self) {
        self.value.lock.unlock(self.site);
    }
}

/// One visible read of a cell.
#[inline]
pub(super) fn get<T: Element, P: Platform>(cell: &T::Cell<P>, site: P::Site) -> T {
    P::step(|| cell_op(Kind::Read, "get", cell, site), || Seen(T::from_bits(cell.load(Relaxed)))).0
}

/// One visible write of a cell.
#[inline]
pub(super) fn set<T: Element, P: Platform>(cell: &T::Cell<P>, value: T, site: P::Site) {
    let write = || {
        cell.store(value.to_bits(), Relaxed);
        Seen(value)
    };
    P::step(|| cell_op(Kind::Write, "set", cell, site), write);
}

/// One visible addition to a cell.
#[inline]
pub(super) fn fetch_add<T: Integer, P: Platform>(cell: &T::Cell<P>, value: T, site: P::Site) -> T {
    let add = || Seen(T::from_bits(cell.fetch_add(value.to_bits(), Relaxed)));
    P::step(|| cell_op(Kind::ReadWrite, "fetch_add", cell, site), add).0
}

/// What a compare-and-exchange came out with, as a trace shows it: the number before,
/// or `u64::MAX` if it was refused.
struct Exchanged<T>(Result<T, T>);

impl<T: Element> Observe for Exchanged<T> {
    fn observed(&self) -> u64 {
        match self.0 {
            // Whoever reads a trace must be able to tell a refused exchange, which wrote
            // nothing; so the one number that looks like a refusal is shown as the next.
            Ok(before) => before.to_bits().into().min(u64::MAX - 1),
            Err(_) => u64::MAX,
        }
    }
}

/// One visible compare-and-exchange on a cell.
#[inline]
pub(super) fn compare_exchange<T: Element, P: Platform>(
    cell: &T::Cell<P>,
    current: T,
    new: T,
    site: P::Site,
) -> Result<T, T> {
    let exchange = || {
        let result = cell.compare_exchange(current.to_bits(), new.to_bits(), Relaxed, Relaxed);
        Exchanged(result.map(T::from_bits).map_err(T::from_bits))
    };
    let op = || {
        let op = cell_op(Kind::ReadWrite, "compare_exchange", cell, site);
        op.only_at(current.to_bits().into(), size_of::<T::Bits>())
    };
    P::step(op, exchange).0
}

/// One visible read of a cell, as soon as what it holds compares with `value` as `cmp`
/// says.
pub(super) fn wait<T: Word, P: Platform>(cell: &T::Cell<P>, cmp: Cmp, value: T, site: P::Site) -> T {
    let name = match cmp {
        Cmp::Eq => "await_eq",
        Cmp::Gt => "await_at_least",
        _ => "await_ne",
    };
    let guard = Guard { word: std::ptr::from_ref(cell) as usize, mask: !0, value: value.to_bits(), cmp };
    let op = || cell_op(Kind::Read, name, cell, site).when(guard);
    let look = || {
        let mut round = 0;
        loop {
            let bits = cell.load(Relaxed);
            if guard.holds(bits) {
                return Seen(T::from_bits(bits));
            }
            P::pause(round, op);
            round = round.saturating_add(1);
        }
    };
    P::step(op, look).0
}

/// As [`wait`], for a number of at least `least`.
pub(super) fn wait_at_least<P: Platform>(cell: &<u32 as Element>::Cell<P>, least: u32, site: P::Site) -> u32 {
    match least.checked_sub(1) {
        Some(below) => wait::<u32, P>(cell, Cmp::Gt, below, site),
        // Every number is at least zero.
        None => get::<u32, P>(cell, site),
    }
}

fn cell_op<C>(kind: Kind, name: &'static str, cell: &C, site: impl Site) -> Op {
    Op::new(kind, name, std::ptr::from_ref(cell) as usize, site.location())
}

impl<T: Element, P: Platform> fmt::Debug for Value<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").finish_non_exhaustive()
    }
}

impl<T: Element, P: Platform> fmt::Debug for ValueGuard<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueGuard").finish_non_exhaustive()
    }
}
