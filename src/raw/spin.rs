//! How long a wait looks again before it sleeps: as long as that paid off lately.
//!
//! Called by the machines whose waits are often short: an event, a barrier, a lane, a ring, a
//! queue, a pipe.
//!
//! | what happened lately | looks before the next sleep |
//! |---|---|
//! | a wait ended while it looked | as many as take about as long as to be put to sleep and woken |
//! | the last three did not | none |
//! | that was many waits ago | as many again, once, to find out whether it has changed |
//!
//! Where partners run on different cores, what is waited for comes within the first
//! looks, and nobody sleeps. Where they share a core, it cannot come while the waiter
//! looks, and each look is time taken from the partner. To look for less than a wake-up
//! takes would be no use: two who answer each other, once asleep, would never again be
//! awake at the same time. To look as long as that costs at most twice what sleeping at once
//! would (A. Karlin et al., "Empirical Studies of Competitive Spinning", 1991).
//!
//! 1. The count is a hint. Lost updates, and what a dead process left, make a wait slower
//!    or faster and nothing else. So it is no word of the platform, and no scheduler sees
//!    it; where the platform does not look twice, it is not even read.
//!
//! When a process dies here, nothing follows.

use crate::platform::Platform;
use crate::shm::Shareable;
use std::hint::spin_loop;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

/// So many times what a lock looks: some tens of microseconds.
const LONGER: u32 = 20;
/// From so many failures in a row on, nobody looks.
const HOPELESS: u32 = 3;
/// After so many waits without a look, somebody looks again.
const RETRY: u32 = 512;

/// How often in a row looking again did not pay off.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Spin(AtomicU32);

// SAFETY: a number.
unsafe impl Shareable for Spin {}

impl Spin {
    /// The first gap of who looks less often: a few times what a line takes from core to core.
    pub(crate) const LINE: u32 = 10;
    /// The same where a look is a system call: a few times what that takes.
    pub(crate) const CALL: u32 = 100;

    pub(crate) const fn new() -> Spin {
        Spin(AtomicU32::new(0))
    }

    /// Whether the next wait looks at all; one that does not is counted by asking.
    #[inline]
    pub(crate) fn is_worth_it(&self) -> bool {
        let failures = self.0.load(Relaxed);
        if failures < HOPELESS {
            return true;
        }
        // The next one is as if it had failed less often.
        self.0.store(if failures < RETRY { failures + 1 } else { HOPELESS - 1 }, Relaxed);
        false
    }

    /// Looks until `over` finds something, but not too often, and not at all after
    /// `deadline`.
    #[inline]
    pub(crate) fn until<P: Platform, T>(
        &self,
        deadline: Option<u64>,
        over: impl Fn() -> Option<T>,
    ) -> Option<T> {
        if P::SPIN == 0 || deadline.is_some_and(|deadline| deadline <= P::now()) {
            return None;
        }
        let look = |_| {
            let found = over();
            if found.is_none() {
                spin_loop();
            }
            found
        };
        self.while_it_pays::<P, T>(|| (0..P::SPIN * LONGER).find_map(look))
    }

    /// As [`until`](Spin::until), but looks less often, first after `gap` pauses and then ever
    /// less. Each look hinders somebody who is at work, and what that one does between two
    /// looks is then dealt with at once.
    #[inline]
    pub(crate) fn until_sparsely<P: Platform, T>(
        &self,
        gap: u32,
        deadline: Option<u64>,
        mut over: impl FnMut() -> Option<T>,
    ) -> Option<T> {
        if P::SPIN == 0 || deadline.is_some_and(|deadline| deadline <= P::now()) {
            return None;
        }
        self.while_it_pays::<P, T>(|| {
            let mut waited = 0;
            while waited < P::SPIN * LONGER {
                let gap = gap + waited / 4;
                (0..gap).for_each(|_| spin_loop());
                waited += gap;
                let found = over();
                if found.is_some() {
                    return found;
                }
            }
            None
        })
    }

    /// Runs `looks`, which looks for some time, unless that did not pay off lately.
    #[inline]
    pub(crate) fn while_it_pays<P: Platform, T>(&self, looks: impl FnOnce() -> Option<T>) -> Option<T> {
        if P::SPIN == 0 || !self.is_worth_it() {
            return None;
        }
        let failures = self.0.load(Relaxed);
        let found = looks();
        match found {
            Some(_) if failures == 0 => {}
            Some(_) => self.0.store(0, Relaxed),
            None => self.0.store(failures + 1, Relaxed),
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;
    use std::cell::Cell;

    #[test]
    fn sparse_looks_are_few_at_any_distance() {
        let spin = Spin::new();
        let looks = Cell::new(0);
        let count = || {
            looks.set(looks.get() + 1);
            None::<()>
        };
        assert!(spin.until_sparsely::<Native, ()>(Spin::LINE, None, count).is_none());
        let lines = looks.take();
        assert!((10..50).contains(&lines), "{lines} looks");
        assert!(spin.until_sparsely::<Native, ()>(Spin::CALL, None, count).is_none());
        assert!((5..lines).contains(&looks.get()), "{} looks", looks.get());
        assert_eq!(spin.until_sparsely::<Native, _>(Spin::LINE, None, || Some(7)), Some(7));
        let late = || unreachable!("it is too late");
        assert!(spin.until_sparsely::<Native, ()>(Spin::LINE, Some(0), late).is_none());
    }

    #[test]
    fn who_looks_in_vain_stops_looking_until_it_pays_off() {
        let spin = Spin::new();
        let looks = |found: bool| {
            let count = Cell::new(0);
            let over = || {
                count.set(count.get() + 1);
                found.then_some(())
            };
            assert!(spin.until::<Native, ()>(None, over).is_none() || found);
            count.get()
        };
        let first: Vec<u32> = (0..5).map(|_| looks(false)).collect();
        assert_eq!(first, [2_000, 2_000, 2_000, 0, 0]);
        let waits = (0..1_000).take_while(|_| looks(true) == 0).count();
        assert!((100..1_000).contains(&waits), "nobody ever looks again, or everybody does");
        assert_eq!([looks(true), looks(false), looks(true), looks(false)], [1, 2_000, 1, 2_000]);
        assert!(spin.until::<Native, ()>(Some(0), || unreachable!("it is too late")).is_none());
    }
}
