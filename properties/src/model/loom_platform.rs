//! loom as a platform: its atomics, and a futex made of its mutex and its condition
//! variable.
//!
//! Used by the models beside it.
//!
//! | futex call | what it is here |
//! |---|---|
//! | wait | under the futex's mutex: compare, count as asleep, wait |
//! | wake | under the same mutex: notify as many as are asleep and wanted |
//! | change and wake | under the same mutex: both |
//!
//! 1. Comparing and falling asleep are one action, as the kernel promises.
//! 2. Sleepers are woken in the order in which they fell asleep: loom's own queue.
//! 3. The comparison is a relaxed load. The mutex orders it after every wake-up that came
//!    before, and nothing else does: less than the kernel gives, so that a machine which
//!    passes here does not lean on more. What the mutex orders, no manual promises either:
//!    over [`Restless`] there is none.
//! 4. There is no clock: every deadline has passed.
//!
//! 5. What a variant [lacks](Lacking), no machine gets from it, whatever it asks for: a
//!    machine over one that acquires or releases nothing is that machine with all its
//!    orderings relaxed.
//!
//! When a process dies, loom knows nothing of it.

use loom::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, fence};
use loom::sync::{Condvar, Mutex};
use selvedge::platform::{Atomic, Change, Cmp, Guard, Observe, Op, Owner, Platform, Robust, Woken};
use selvedge::sys::robust::{Links, OWNER};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// A platform on which loom explores, without what the bits of `WHAT` stand for.
#[derive(Clone, Copy, Debug)]
pub struct Lacking<const WHAT: u8>;

/// Looks are no acquires.
pub const UNACQUIRED: u8 = 1;
/// Writes are no releases.
pub const UNRELEASED: u8 = 2;
/// Whoever wants to sleep comes back when others have run, without cause.
pub const RESTLESS: u8 = 4;

/// The platform on which loom explores, as it should be.
pub type Loom = Lacking<0>;
/// Where nobody learns anything from what was looked at.
pub type Unacquired = Lacking<UNACQUIRED>;
/// Where nobody tells anything by what was written.
pub type Unreleased = Lacking<UNRELEASED>;
/// Where nobody sleeps, so that to have slept orders nothing: what is not ordered by the
/// words themselves is not ordered here. A lost wake-up is not seen.
pub type Restless = Lacking<RESTLESS>;

/// What is left of an ordering.
fn left<const WHAT: u8>(order: Ordering) -> Ordering {
    match (order, WHAT & UNACQUIRED == 0, WHAT & UNRELEASED == 0) {
        (AcqRel, true, false) => Acquire,
        (AcqRel, false, true) => Release,
        (Acquire | AcqRel, false, _) | (Release, _, false) => Relaxed,
        _ => order,
    }
}

/// One of loom's atomics, as a platform's: their trait and loom's type are both foreign here.
#[derive(Debug)]
pub struct Cell<A, const WHAT: u8>(A);

/// A futex word and its queue.
#[derive(Debug)]
pub struct Futex<const WHAT: u8> {
    word: AtomicU32,
    asleep: Mutex<u32>,
    woken: Condvar,
}

impl<const WHAT: u8> Futex<WHAT> {
    fn change_and_wake<R>(&self, change: impl FnOnce(&AtomicU32) -> R, count: u32) -> u32 {
        if WHAT & RESTLESS != 0 {
            change(&self.word);
            return 0;
        }
        let mut asleep = self.asleep.lock().expect("nobody panics with the queue");
        change(&self.word);
        let woken = count.min(*asleep);
        *asleep -= woken;
        for _ in 0..woken {
            self.woken.notify_one();
        }
        woken
    }
}

loom::lazy_static! {
    static ref ASLEEP: AtomicU32 = AtomicU32::new(0);
}

/// How many tasks have fallen asleep in this execution so far, on any futex.
#[must_use]
pub fn asleep() -> u32 {
    ASLEEP.load(Relaxed)
}

macro_rules! atomics {
    ($($wrapper:ty, $value:ty, |$this:ident| $inner:expr, |$new:ident| $make:expr;)*) => {$(
        impl<const WHAT: u8> Atomic<$value> for $wrapper {
            fn new($new: $value) -> Self { $make }
            fn load(&self, order: Ordering) -> $value { let $this = self; $inner.load(left::<WHAT>(order)) }
            fn store(&self, value: $value, order: Ordering) { let $this = self; $inner.store(value, left::<WHAT>(order)); }
            fn swap(&self, value: $value, order: Ordering) -> $value { let $this = self; $inner.swap(value, left::<WHAT>(order)) }
            fn compare_exchange(&self, current: $value, new: $value, success: Ordering, failure: Ordering) -> Result<$value, $value> {
                let $this = self;
                $inner.compare_exchange(current, new, left::<WHAT>(success), left::<WHAT>(failure))
            }
            fn fetch_add(&self, value: $value, order: Ordering) -> $value { let $this = self; $inner.fetch_add(value, left::<WHAT>(order)) }
            fn fetch_sub(&self, value: $value, order: Ordering) -> $value { let $this = self; $inner.fetch_sub(value, left::<WHAT>(order)) }
            fn fetch_or(&self, value: $value, order: Ordering) -> $value { let $this = self; $inner.fetch_or(value, left::<WHAT>(order)) }
            fn fetch_and(&self, value: $value, order: Ordering) -> $value { let $this = self; $inner.fetch_and(value, left::<WHAT>(order)) }
        }
    )*};
}

atomics! {
    Cell<AtomicU8, WHAT>, u8, |this| this.0, |value| Cell(AtomicU8::new(value));
    Cell<AtomicU16, WHAT>, u16, |this| this.0, |value| Cell(AtomicU16::new(value));
    Cell<AtomicU32, WHAT>, u32, |this| this.0, |value| Cell(AtomicU32::new(value));
    Cell<AtomicU64, WHAT>, u64, |this| this.0, |value| Cell(AtomicU64::new(value));
    Futex<WHAT>, u32, |this| this.word, |value| Futex {
        word: AtomicU32::new(value),
        asleep: Mutex::new(0),
        woken: Condvar::new(),
    };
}

impl<const WHAT: u8> Lacking<WHAT> {
    /// Does not sleep: comes back when others have run.
    fn turn_over(words: &[(&Futex<WHAT>, u32)], deadline: Option<u64>) -> Woken {
        if words.iter().any(|(futex, expected)| futex.word.load(Relaxed) != *expected) {
            return Woken::Changed;
        }
        if deadline.is_some() {
            return Woken::TimedOut;
        }
        loom::thread::yield_now();
        Woken::Woken
    }
}

impl<const WHAT: u8> Platform for Lacking<WHAT> {
    type AtomicU8 = Cell<AtomicU8, WHAT>;
    type AtomicU16 = Cell<AtomicU16, WHAT>;
    type AtomicU32 = Cell<AtomicU32, WHAT>;
    type AtomicU64 = Cell<AtomicU64, WHAT>;
    type Futex = Futex<WHAT>;
    type Site = ();

    // To look twice is to explore twice as much and to learn nothing.
    const SPIN: u32 = 0;

    fn step<R: Observe>(_: impl FnOnce() -> Op, body: impl FnOnce() -> R) -> R {
        body()
    }

    fn futex_wait(
        futex: &Futex<WHAT>,
        expected: u32,
        deadline: Option<u64>,
        _: impl FnOnce() -> Op,
        _: Option<impl FnOnce() -> Op>,
    ) -> Woken {
        if WHAT & RESTLESS != 0 {
            return Self::turn_over(&[(futex, expected)], deadline);
        }
        let mut asleep = futex.asleep.lock().expect("nobody panics with the queue");
        if futex.word.load(Relaxed) != expected {
            return Woken::Changed;
        }
        if deadline.is_some() {
            return Woken::TimedOut;
        }
        *asleep += 1;
        ASLEEP.fetch_add(1, Relaxed);
        drop(futex.woken.wait(asleep).expect("nobody panics with the queue"));
        Woken::Woken
    }

    /// On words of equal rank nobody sleeps. So the models do not find a wake-up that is
    /// missing here; the harness does.
    fn futex_wait_any(
        words: &[(&Futex<WHAT>, u32)],
        deadline: Option<u64>,
        op: impl FnOnce() -> Op,
        resume: Option<impl FnOnce() -> Op>,
    ) -> Woken {
        if resume.is_some() {
            // The other words are for the deaths of others, and nobody dies here.
            return Self::futex_wait(words[0].0, words[0].1, deadline, op, resume);
        }
        Self::turn_over(words, deadline)
    }

    fn futex_wake(futex: &Futex<WHAT>, count: u32) -> u32 {
        futex.change_and_wake(|_| (), count)
    }

    fn futex_change_and_wake_all(futex: &Futex<WHAT>, change: Change) -> u32 {
        let access = |word: &AtomicU32| match change {
            Change::Add(number) => word.fetch_add(i32::from(number).cast_unsigned(), left::<WHAT>(AcqRel)),
            Change::Or(bits) => word.fetch_or(u32::from(bits), left::<WHAT>(AcqRel)),
        };
        futex.change_and_wake(access, u32::MAX)
    }

    fn pause(_: u32, _: impl FnOnce() -> Op) {
        // loom takes this as: nothing changes for me before somebody else has run.
        loom::thread::yield_now();
    }

    fn guard(_: &Futex<WHAT>, _: u32, _: Cmp, _: u32) -> Guard {
        Guard::ALWAYS
    }

    fn now() -> u64 {
        0
    }
}

/// A task that can own robust locks: a thread of loom's, by a number of its own.
#[derive(Clone, Copy, Debug)]
pub struct Thread(u32);

// Not one of loom's atomics: to number the threads is nothing to explore.
static THREADS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);

loom::thread_local! {
    static NUMBER: u32 = THREADS.fetch_add(1, Relaxed) & OWNER;
}

impl<const WHAT: u8> Robust for Lacking<WHAT> {
    type Word = Futex<WHAT>;
    type Owner = Thread;

    fn futex(word: &Futex<WHAT>) -> &Futex<WHAT> {
        word
    }

    fn owner(word: &Futex<WHAT>) -> u32 {
        word.word.load(Relaxed) & OWNER
    }

    fn me() -> Thread {
        Thread(NUMBER.with(|number| *number))
    }

    fn fence() {
        fence(SeqCst);
    }

    fn store_before_look(futex: &Futex<WHAT>, value: u32) {
        futex.store(value, Release);
        fence(SeqCst);
    }

    fn catch_up() -> bool {
        fence(SeqCst);
        true
    }
}

/// Nobody dies here: there is nothing to prepare for.
impl Owner for Thread {
    fn id(self) -> u32 {
        self.0
    }
    fn place(self) -> usize {
        0
    }
    fn begin(self, _: &Links) {}
    fn link(self, _: &Links) {}
    fn unlink(self, _: &Links) {}
    fn end(self) {}
}
