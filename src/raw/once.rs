//! Something that is done once: by one task, while the others wait, and by the next one if
//! that one dies of it.
//!
//! Called by [`sync::Once`](crate::sync::Once) and [`sync::OnceCell`](crate::sync::OnceCell).
//!
//! | state | `done` | gate | `begin` |
//! |---|---|---|---|
//! | not begun | unset | free | takes the gate: the caller is to do it |
//! | being done | unset | held | waits for the gate |
//! | given up, or whoever did it died | unset | free | takes the gate: the caller is to do it |
//! | done | set | free, or held for a moment | returns |
//!
//! 1. Whoever does it holds the gate, a robust lock; so one task does it at a time.
//! 2. `done` is set under the gate, after the work, and never unset.
//! 3. Who takes the gate looks at `done` once more.
//!
//! Orderings: those of the event `done`: what was written before it was set is seen by
//! everybody who finds it set.
//!
//! When a process dies here, at whatever instruction: with the gate and `done` unset, the
//! gate is let go by the kernel, and the next task begins anew, within a millisecond if it
//! was asleep at the gate. After `done` was set, it is done. That the last owner of the gate
//! died means nothing else.

use super::{Left, Patience, RawEvent, RawRobustMutex, Taken};
use crate::platform::{Cmp, Guard, Kind, Observe, Op, Platform, Robust, Site, Tasks};
use crate::shm::Shareable;
use crate::sys::robust::OWNER;
use std::fmt;

/// What a task that wants something done finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is done.
    Done,
    /// The caller is to do it, and then to call `finish` or `give_up`.
    Mine,
    /// Somebody else is doing it, and still was when the time was up.
    TimedOut,
    /// The caller itself is doing it: this call came from inside.
    Nested,
}

impl Observe for Begun {
    fn observed(&self) -> u64 {
        if *self == Begun::Mine { 0 } else { u64::MAX }
    }
    fn refused(&self) -> bool {
        *self == Begun::TimedOut
    }
}

/// Something to be done once, without what it is.
#[repr(C)]
pub struct RawOnce<P: Robust> {
    gate: RawRobustMutex<P>,
    done: RawEvent<P>,
}

// SAFETY: it is its parts.
unsafe impl<P: Tasks> Shareable for RawOnce<P> {}

impl<P: Robust> RawOnce<P> {
    /// Something that was not done.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        RawOnce { gate: RawRobustMutex::new(), done: RawEvent::new() }
    }

    /// Whether it was done.
    #[inline]
    pub fn is_done(&self, site: P::Site) -> bool {
        self.done.is_set(site)
    }

    /// Waits until it was done, by whomever.
    #[inline]
    pub fn wait(&self, site: P::Site) {
        self.done.wait(site);
    }

    /// The same, but no longer than until `deadline`; says whether it was done.
    #[inline]
    pub fn wait_until(&self, deadline: u64, site: P::Site) -> bool {
        self.done.wait_until(deadline, site)
    }

    /// Finds out whether the caller is to do it; waits for whoever is doing it.
    #[inline]
    pub fn begin(&self, patience: Patience, site: P::Site) -> Begun {
        if self.is_done(site) { Begun::Done } else { self.begin_undone(patience, site) }
    }

    #[cold]
    fn begin_undone(&self, patience: Patience, site: P::Site) -> Begun {
        if self.gate.is_mine() {
            return Begun::Nested;
        }
        let op = || self.begin_op(patience, site);
        P::step(op, || {
            let taken = match patience {
                Patience::Forever => Some(self.gate.lock(site)),
                Patience::Until(deadline) => self.gate.lock_until(deadline, site),
                Patience::Never => self.gate.try_lock(site),
            };
            debug_assert_ne!(taken, Some(Taken::Unrecoverable), "the gate is given back in order");
            match taken {
                None if self.is_done(site) => Begun::Done,
                None => Begun::TimedOut,
                Some(_) if self.is_done(site) => {
                    self.gate.unlock_mine(P::me(), Left::Clean, site);
                    Begun::Done
                }
                Some(_) => Begun::Mine,
            }
        })
    }

    fn begin_op(&self, patience: Patience, site: P::Site) -> Op {
        let free = Guard { word: self.gate.address(), mask: OWNER, value: 0, cmp: Cmp::Eq };
        let op = |kind| Op::new(kind, "begin", self.gate.address(), site.location());
        match patience {
            Patience::Forever => op(Kind::Acquire).when(free),
            Patience::Until(deadline) => op(Kind::Acquire).when(free).until(Some(deadline)),
            Patience::Never => op(Kind::TryAcquire).only_where(free),
        }
    }

    /// It is done, now and for ever, and those who wait go on. The caller was to do it.
    pub fn finish(&self, site: P::Site) {
        P::step(
            || self.end_op("finish", site),
            || {
                self.done.set(site);
                self.gate.unlock_mine(P::me(), Left::Clean, site);
            },
        );
    }

    /// It was not done, and somebody else is to do it. The caller was to do it.
    pub fn give_up(&self, site: P::Site) {
        P::step(|| self.end_op("give_up", site), || self.gate.unlock_mine(P::me(), Left::Clean, site));
    }

    fn end_op(&self, name: &'static str, site: P::Site) -> Op {
        Op::new(Kind::Release, name, self.gate.address(), site.location()).with(self.done.address())
    }
}

impl<P: Robust> Default for RawOnce<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Platform + Robust> fmt::Debug for RawOnce<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawOnce").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;

    #[test]
    fn what_was_given_up_is_begun_again_until_it_is_done() {
        let once = RawOnce::<Native>::new();
        for _ in 0..2 {
            assert_eq!(once.begin(Patience::Forever, ()), Begun::Mine);
            assert_eq!(once.begin(Patience::Forever, ()), Begun::Nested);
            let others = [Patience::Never, Patience::Until(0)];
            let found = std::thread::scope(|scope| {
                scope.spawn(|| others.map(|patience| once.begin(patience, ()))).join().unwrap()
            });
            assert_eq!(found, [Begun::TimedOut; 2]);
            once.give_up(());
        }
        assert_eq!(once.begin(Patience::Never, ()), Begun::Mine);
        assert!(!once.is_done(()) && !once.wait_until(0, ()));
        once.finish(());
        assert_eq!(once.begin(Patience::Forever, ()), Begun::Done);
        once.wait(());
    }
}
