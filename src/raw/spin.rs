//! How long a wait looks again before it sleeps: as long as that paid off lately.
//!
//! Called by the machines whose waits are often short: an event, a barrier.
//!
//! | what happened lately | looks before the next sleep |
//! |---|---|
//! | the wait ended while it looked | all of the platform's [`SPIN`](Platform::SPIN) |
//! | it did not, n times in a row | half as many each time, then none |
//! | never, for a long time | a few, once in a while, to find out whether that has changed |
//!
//! Where partners run on different cores, what is waited for comes within the first
//! looks, and nobody sleeps. Where they share a core, it cannot come while the waiter
//! looks, and each look is time taken from the partner.
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

/// From so many failures in a row on, nobody looks.
const HOPELESS: u32 = 6;
/// After so many waits without a look, somebody looks again.
const RETRY: u32 = 64;
/// As if there had been so many failures.
const RETRY_AS: u32 = 3;

/// How often in a row looking again did not pay off.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Spin(AtomicU32);

// SAFETY: a number.
unsafe impl Shareable for Spin {}

impl Spin {
    pub(crate) const fn new() -> Spin {
        Spin(AtomicU32::new(0))
    }

    /// Looks until `over` finds something, but not too often.
    #[inline]
    pub(crate) fn until<P: Platform, T>(&self, over: impl Fn() -> Option<T>) -> Option<T> {
        if P::SPIN == 0 {
            return None;
        }
        let failures = self.0.load(Relaxed);
        if failures >= HOPELESS {
            let next = if failures < RETRY { failures + 1 } else { RETRY_AS };
            self.0.store(next, Relaxed);
            return None;
        }
        for _ in 0..P::SPIN >> failures {
            if let found @ Some(_) = over() {
                if failures != 0 {
                    self.0.store(0, Relaxed);
                }
                return found;
            }
            spin_loop();
        }
        self.0.store(failures + 1, Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;
    use std::cell::Cell;

    #[test]
    fn who_looks_in_vain_looks_less_and_less_until_it_pays_off() {
        let spin = Spin::new();
        let looks = |found: bool| {
            let count = Cell::new(0);
            let over = || {
                count.set(count.get() + 1);
                found.then_some(())
            };
            assert!(spin.until::<Native, ()>(over).is_none() || found);
            count.get()
        };
        let first: Vec<u32> = (0..8).map(|_| looks(false)).collect();
        assert_eq!(first, [100, 50, 25, 12, 6, 3, 0, 0]);
        let waits = (0..200).take_while(|_| looks(true) == 0).count();
        assert!((1..200).contains(&waits), "nobody ever looks again");
        assert_eq!(looks(false), 100);
    }
}
