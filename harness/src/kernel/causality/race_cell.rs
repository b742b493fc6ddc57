//! Plain data that tasks share without any promise, watched for races.
//!
//! Used by programs for what is protected by something else, or should be: a counter
//! behind a lock, a slot behind a semaphore. In `sim` and `real` two accesses, one of them
//! a write, of which neither is known to be over to the other's task are a finding; see
//! `race`. In `wild` and left alone nobody knows who knows what: only accesses that do
//! happen at once are noticed, as a panic.
//!
//! | `users` | the cell |
//! |---|---|
//! | 0 | nobody looks at it |
//! | 1, 2, .. | so many read it at this moment |
//! | `WRITER` | somebody writes it at this moment |
//!
//! 1. A reference to the data lives only within an access, and an access that would be in
//!    another's way does not begin. That holds in all engines, races or not.
//! 2. An access is a scheduling point at either granularity: who spins on a flag of plain
//!    data lets others run, and a kill can fall between two writes. In a program without
//!    races that adds nothing to what reduction explores, because accesses in conflict
//!    are ordered by other steps already.
//!
//! Orderings: `users` is acquired and released, for real threads that nobody schedules.
//!
//! When a process dies here, in the middle of an access, what it had written stays; the
//! next access in an exploration is let in.

use super::race::{Raced, Touch};
use crate::kernel::data::current;
use crate::kernel::data::state::{ABANDON, Kernel};
use crate::kernel::platform::checked::perform;
use crate::kernel::schedule::lives::Mortal;
use crate::kernel::step::decide::End;
use crate::kernel::step::point;
use crate::kernel::tasks::life;
use selvedge::platform::{Kind, Observe, Op};
use selvedge::shm::Shareable;
use std::any::Any;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const WRITER: u32 = u32::MAX;

/// Plain data that several tasks use; accesses that nothing orders are reported as a
/// data race, with both tasks and both source lines.
///
/// It orders nothing itself: protect it as you would plain memory.
///
/// ```
/// use selvedge_harness::prelude::*;
///
/// shareable! { struct Till { lock: Mutex<()>, money: RaceCell<u32> } }
///
/// let program = |locked: bool| {
///     Program::new("till", || Till { lock: Mutex::new(()), money: RaceCell::new(0) })
///         .tasks("clerk", 2, move |till, _| {
///             let _held = locked.then(|| till.lock.lock().unwrap());
///             till.money.set(till.money.get() + 1);
///         })
/// };
/// let config = Config::default().exhaust();
/// let report = program(true).check(&config)?;
/// assert!(report.finding.is_none() && report.tally.complete);
///
/// let report = program(false).check(&config)?;
/// let verdict = report.finding.unwrap().recording.verdict;
/// assert!(verdict.to_string().starts_with("data race: "), "{verdict}");
/// # Ok::<(), selvedge_harness::Error>(())
/// ```
#[derive(Default)]
#[repr(C)]
pub struct RaceCell<T> {
    mortal: Mortal,
    users: AtomicU32,
    /// The task that began the last access, plus one; 0 outside an exploration.
    user: AtomicU32,
    /// By which its record is found again.
    number: AtomicU64,
    data: UnsafeCell<T>,
}

// SAFETY: invariant 1: references to the data exclude each other as those of a lock would.
unsafe impl<T: Send + Sync> Sync for RaceCell<T> {}
// SAFETY: words, and data that is shareable by itself.
unsafe impl<T: Shareable> Shareable for RaceCell<T> {
    const FORK_ONLY: bool = T::FORK_ONLY;
}

/// What an access came to, and the number that reports show for it.
struct Seen<R>(R, u64);

impl<R> Observe for Seen<R> {
    fn observed(&self) -> u64 {
        self.1
    }
}

/// Ends an access.
struct Held<'a>(&'a AtomicU32);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.0.load(Ordering::Relaxed) == WRITER {
            self.0.store(0, Ordering::Release);
        } else {
            self.0.fetch_sub(1, Ordering::Release);
        }
    }
}

impl<T> RaceCell<T> {
    /// A cell around `value`.
    pub const fn new(value: T) -> RaceCell<T> {
        RaceCell {
            mortal: Mortal,
            users: AtomicU32::new(0),
            user: AtomicU32::new(0),
            number: AtomicU64::new(0),
            data: UnsafeCell::new(value),
        }
    }

    /// The value, since nobody else can have the cell.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// The value, now that nobody else has the cell.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(&self.mortal) as usize
    }

    /// Begins an access, if it is in nobody's way.
    fn try_hold(&self, writes: bool) -> bool {
        let users = &self.users;
        if writes {
            return users.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed).is_ok();
        }
        let mut seen = users.load(Ordering::Relaxed);
        while seen < WRITER - 1 {
            match users.compare_exchange_weak(seen, seen + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => seen = found,
            }
        }
        false
    }

    /// Begins an access where nobody schedules.
    #[track_caller]
    fn hold_outside(&self, writes: bool) -> Held<'_> {
        assert!(self.try_hold(writes), "data race: another access to this RaceCell is not over yet");
        Held(&self.users)
    }

    /// Begins an access of the running task.
    ///
    /// # Safety
    /// `this` is the calling thread's current kernel, and the caller is its running task.
    unsafe fn hold(&self, this: *mut Kernel, writes: bool, site: &'static Location<'static>) -> Held<'_> {
        // SAFETY: the caller's promise; no reference is kept across `end_with`.
        let kernel = unsafe { &mut *this };
        let me = kernel.current;
        let other = kernel.other_user(self.address(), writes);
        if kernel.flags & ABANDON == 0
            && let Some(raced) = kernel.access_cell(self.address(), &self.number, writes, site)
        {
            // SAFETY: the caller's promise.
            unsafe { end_with(this, raced) };
        }
        while !self.try_hold(writes) {
            // Somebody's access is not over, for other tasks run within it.
            let user = self.user.load(Ordering::Relaxed);
            assert!(user != me + 1, "a RaceCell is accessed within an access of the same task");
            match other {
                _ if user > 0 && !kernel.lives(user as usize - 1) => self.users.store(0, Ordering::Relaxed),
                Some(first) => {
                    let second = Touch { site: Some(site), task: me, writes, ..first };
                    // SAFETY: the caller's promise.
                    unsafe { end_with(this, Raced { first, second }) }
                }
                None => panic!("data race: another access to this RaceCell is not over yet"),
            }
        }
        self.user.store(me + 1, Ordering::Relaxed);
        Held(&self.users)
    }

    #[track_caller]
    fn access<R>(&self, writes: bool, name: &'static str, body: impl FnOnce(*mut T) -> Seen<R>) -> R {
        let this = current::get();
        if this.is_null() {
            let _held = self.hold_outside(writes);
            return body(self.data.get()).0;
        }
        let site = Location::caller();
        let kind = if writes { Kind::Write } else { Kind::Read };
        let step = || {
            // SAFETY: a current kernel is alive, and the caller has the turn.
            let _held = unsafe { self.hold(this, writes, site) };
            body(self.data.get())
        };
        // SAFETY: as above.
        unsafe { perform(this, || Op::new(kind, name, self.address(), site), step) }.0
    }
}

impl<T: 'static> RaceCell<T> {
    /// Reads: `body` sees the value, as part of one step.
    ///
    /// # Panics
    /// If the same task is in the middle of a write to this cell.
    #[track_caller]
    pub fn with<R>(&self, body: impl FnOnce(&T) -> R) -> R {
        self.access(false, "read", |data| {
            // SAFETY: invariant 1.
            let value = unsafe { &*data };
            let number = number(value);
            Seen(body(value), number)
        })
    }

    /// Writes: `body` may change the value, as part of one step.
    ///
    /// # Panics
    /// If the same task is in the middle of an access to this cell.
    #[track_caller]
    pub fn with_mut<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        self.access(true, "write", |data| {
            // SAFETY: invariant 1.
            let value = unsafe { &mut *data };
            let result = body(value);
            Seen(result, number(value))
        })
    }

    /// A copy of the value.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.with(|value| *value)
    }

    /// Overwrites the value.
    #[track_caller]
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Overwrites the value and returns what it was: one write.
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        self.with_mut(|place| std::mem::replace(place, value))
    }
}

impl<T> fmt::Debug for RaceCell<T> {
    /// The value is left out: to print must not be to access.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceCell").finish_non_exhaustive()
    }
}

/// Ends the execution with a race.
///
/// # Safety
/// As for [`RaceCell::hold`].
#[cold]
unsafe fn end_with(this: *mut Kernel, raced: Raced) -> ! {
    // SAFETY: the caller's promise; no reference is kept across the switch.
    unsafe {
        let me = (*this).current;
        (*this).raced = Some(raced);
        (*this).finish_as(End::Raced, me);
        point::switch(this, me as usize);
        // A task that unwinds is not made to leave its code by another panic.
        life::vanish(this, me as usize)
    }
}

/// What a trace shows of a value: numbers as they are, of everything else nothing.
fn number<T: 'static>(value: &T) -> u64 {
    let value: &dyn Any = value;
    macro_rules! as_number {
        ($($t:ty),*) => {$(
            if let Some(number) = value.downcast_ref::<$t>() {
                return number.observed();
            }
        )*};
    }
    as_number!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, bool);
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_an_exploration_it_is_a_cell() {
        let mut cell = RaceCell::new(5);
        assert_eq!((cell.get(), cell.replace(6)), (5, 5));
        cell.with_mut(|value| *value += 1);
        assert_eq!(cell.with(|outer| cell.with(|inner| outer + inner)), 14);
        assert_eq!((*cell.get_mut(), cell.into_inner()), (7, 7));
    }

    #[test]
    #[should_panic(expected = "data race")]
    fn accesses_that_happen_at_once_are_noticed() {
        let cell = RaceCell::new(5);
        cell.with(|_| cell.set(1));
    }
}
