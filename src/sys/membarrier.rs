//! Fences for two sides of which one looks often and the other seldom.
//!
//! Called by [`Native`](crate::platform::Native) for [`Robust`](crate::platform::Robust)
//! locks. Both sides write one word and then look at another, and one of the two must see
//! the other. The usual answer is a full fence on both sides. Here the frequent side has
//! none, and the seldom one has the kernel run one on every processor that needs it.
//!
//! | calling process | [`store`] |
//! |---|---|
//! | has stored less than a thousand times | a full fence of its own |
//! | registered | a plain store |
//! | was refused | a full fence of its own, for ever |
//!
//! 1. Only where [`sync`] reaches the calling process is a store plain. Registering costs
//!    a process with several threads some milliseconds, once, so it is for those that
//!    store often.
//! 2. A forked child begins anew, whatever its parent had registered.
//!
//! When a process dies here, the kernel forgets its registration.
//!
//! Sources: membarrier(2); D. Vyukov's asymmetric mutual exclusion, as in Folly's
//! `AsymmetricThreadFence`.

use nix::libc;
use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, compiler_fence};

/// How many stores a process makes before it registers.
const PATIENCE: u32 = 1_000;
const REGISTERED: u32 = u32::MAX;
const REFUSED: u32 = u32::MAX - 1;

/// One of the last two, or how many stores the process made. Relaxed: a number that was
/// counted twice or not at all does no harm, and registering twice neither.
static STATE: AtomicU32 = AtomicU32::new(0);

/// Writes `value`, before whatever the caller looks at next, for everybody who calls
/// [`sync`] in between.
#[inline(always)]
pub fn store(word: &AtomicU32, value: u32) {
    if STATE.load(Relaxed) == REGISTERED {
        word.store(value, Release);
        compiler_fence(SeqCst);
    } else {
        store_fenced(word, value);
    }
}

#[cold]
fn store_fenced(word: &AtomicU32, value: u32) {
    word.swap(value, SeqCst);
    let count = STATE.load(Relaxed);
    if count == PATIENCE {
        let known = ask(libc::MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
        STATE.store(if known { REGISTERED } else { REFUSED }, Relaxed);
    } else if count < PATIENCE {
        STATE.store(count + 1, Relaxed);
    }
}

/// A full fence on every processor that runs a task of a registered process, this one
/// included; about a microsecond. False if the kernel refuses: then a plain store of
/// another process may be seen late.
#[must_use]
pub fn sync() -> bool {
    ask(libc::MEMBARRIER_CMD_GLOBAL_EXPEDITED)
}

/// In a forked child: nothing is registered.
pub(super) fn forget() {
    // Written to only if there is cause: the first write to a page costs a child more than all
    // the rest of this.
    if STATE.load(Relaxed) != 0 {
        STATE.store(0, Relaxed);
    }
}

fn ask(command: libc::c_int) -> bool {
    // SAFETY: membarrier(2) takes numbers only.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides write, then look: at least one of the two sees the other.
    #[test]
    fn one_of_two_sees_the_other() {
        let words: [AtomicU32; 4] = Default::default();
        let [often, seldom, seen, round] = &words;
        let rounds = PATIENCE + 1_000;
        let meet = |target: u32| {
            round.fetch_add(1, SeqCst);
            for look in 0_u32.. {
                if round.load(SeqCst) >= target {
                    return;
                }
                // The other one may need this very core.
                if look < 100 { std::hint::spin_loop() } else { std::thread::yield_now() }
            }
        };
        let mut missed = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for turn in 0..rounds {
                    meet(4 * turn + 2);
                    store(often, turn + 1);
                    if seldom.load(Relaxed) == turn + 1 {
                        seen.store(turn + 1, Relaxed);
                    }
                    meet(4 * turn + 4);
                }
            });
            for turn in 0..rounds {
                meet(4 * turn + 2);
                seldom.store(turn + 1, Relaxed);
                assert!(sync(), "this kernel knows no membarrier");
                let saw = often.load(Relaxed) == turn + 1;
                meet(4 * turn + 4);
                missed += u32::from(!saw && seen.load(SeqCst) != turn + 1);
            }
        });
        assert_eq!((missed, STATE.load(Relaxed)), (0, REGISTERED), "of {rounds} rounds");
    }
}
