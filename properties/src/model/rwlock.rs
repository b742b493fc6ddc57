//! The read-write lock: whoever writes is alone, and everybody gets their turn.
//!
//! Called by `tests/models.rs`.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawRwLock`] over [`Loom`] | yes |
//! | [`Blind`] | no: a reader that came before it looked reads beside a writer |
//! | [`OldLook`] | no: reader and writer each see the other's word as it was before |
//! | [`Silent`] | no: a reader that leaves does not wake the writer |
//!
//! Nobody dies here; what the kernel does for the dead is the harness's matter.

use super::{Lacking, Loom, exhaust};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;
use selvedge::platform::{Atomic, Op, Platform, Robust};
use selvedge::raw::{Left, Patience, RawMutex, RawRwLock, Taken};
use std::sync::atomic::Ordering::{Acquire, Release};

type Word = <Loom as Platform>::Futex;

/// What the laws below ask of a lock.
pub trait RawLock: Send + Sync + 'static {
    /// A free lock.
    fn new() -> Self;
    /// Runs `look` as a reader.
    fn read(&self, look: impl FnOnce());
    /// Runs `change` as the writer.
    fn write(&self, change: impl FnOnce());
}

/// The shipped lock, with as many slots as two readers can need.
pub type Slots<P = Loom> = RawRwLock<P, 2>;

impl<const WHAT: u8> RawLock for Slots<Lacking<WHAT>> {
    fn new() -> Self {
        RawRwLock::new()
    }
    fn read(&self, look: impl FnOnce()) {
        let (reading, found) = RawRwLock::read(self, Patience::Forever, ()).expect("it waits for ever");
        assert_eq!(found, Taken::Clean);
        look();
        self.end_read(Lacking::<WHAT>::me(), reading, ());
    }
    fn write(&self, change: impl FnOnce()) {
        assert_eq!(RawRwLock::write(self, Patience::Forever, ()), Some(Taken::Clean));
        change();
        self.end_write(Left::Clean, ());
    }
}

/// A gate, a word that says whether somebody has it, and one slot: the parts of the broken
/// machines that are not broken.
#[derive(Debug)]
struct Words {
    gate: RawMutex<Loom>,
    taken: Word,
    slot: Word,
}

impl Words {
    fn new() -> Self {
        Words { gate: RawMutex::new(), taken: Word::new(0), slot: Word::new(0) }
    }

    fn read(&self, looks: bool, fences: bool, wakes: bool, look: impl FnOnce()) {
        self.slot.store(1, Release);
        if fences {
            Loom::fence();
        }
        if looks && self.taken.load(Acquire) != 0 {
            self.leave(fences, wakes);
            self.gate.lock(());
            look();
            return self.gate.unlock(());
        }
        look();
        self.leave(fences, wakes);
    }

    fn leave(&self, fences: bool, wakes: bool) {
        if fences {
            Loom::store_before_look(&self.slot, 0);
        } else {
            self.slot.store(0, Release);
        }
        if wakes && self.taken.load(Acquire) != 0 {
            Loom::futex_wake(&self.slot, 1);
        }
    }

    fn write(&self, fences: bool, change: impl FnOnce()) {
        self.gate.lock(());
        self.taken.store(1, Release);
        if fences {
            Loom::catch_up();
        }
        while self.slot.load(Acquire) != 0 {
            let op = || unreachable!("loom does not look at operations");
            Loom::futex_wait(&self.slot, 1, None, op, None::<fn() -> Op>);
        }
        change();
        self.taken.store(0, Release);
        self.gate.unlock(());
    }
}

macro_rules! broken {
    ($($(#[$doc:meta])* $name:ident: looks $looks:literal, fences $fences:literal, wakes $wakes:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Words);

        impl RawLock for $name {
            fn new() -> Self {
                $name(Words::new())
            }
            fn read(&self, look: impl FnOnce()) {
                self.0.read($looks, $fences, $wakes, look);
            }
            fn write(&self, change: impl FnOnce()) {
                self.0.write($fences, change);
            }
        }
    )*};
}

broken! {
    /// Not broken: all three are as they must be.
    Whole: looks true, fences true, wakes true;
    /// Broken: a reader does not look at the gate after it claimed its slot.
    Blind: looks false, fences true, wakes true;
    /// Broken: nothing orders a claim before the look at the gate.
    OldLook: looks true, fences false, wakes true;
    /// Broken: a reader that leaves does not look whether somebody waits for it.
    Silent: looks true, fences true, wakes false;
}

/// A number behind the lock; loom reports two uses of it that nothing orders.
struct Number<L> {
    lock: L,
    number: Cell<u32>,
}

impl<L: RawLock> Number<L> {
    fn add(&self) {
        self.lock.write(|| self.number.set(1));
    }

    fn look(&self) {
        self.lock.read(|| _ = self.number.get());
    }
}

/// Readers and writers of a number: who writes is alone, and all come to an end. Returns
/// the number of executions.
pub fn separates<L: RawLock>(readers: usize, writers: usize, preemptions: Option<usize>) -> usize {
    exhaust(preemptions, move || {
        let number = Arc::new(Number { lock: L::new(), number: Cell::new(0) });
        let start = |writes: bool| {
            let number = Arc::clone(&number);
            thread::spawn(move || if writes { number.add() } else { number.look() })
        };
        let tasks: Vec<_> = (1..readers + writers).map(|index| start(index < writers)).collect();
        if writers > 0 {
            number.add()
        } else {
            number.look()
        }
        for task in tasks {
            task.join().expect("a task panicked");
        }
    })
}
