//! The platform of shipped programs: std's atomics and the kernel's futex.
//!
//! Used by every public alias of this crate. No state, and where a primitive works no hook
//! and no branch: after inlining, one over `Native` is the primitive written by hand. Only
//! where one is made, or is about to sleep, a [witness](super::tell_of_native) may be told.
//!
//! When a process dies here, the kernel's own rules hold: a sleeper disappears
//! from its futex queue, and a wake-up it had already consumed is lost with it.

use super::witness::tell;
use super::{Change, Child, Cmp, Guard, Observe, Op, Platform, Segment, Site, Tasks, Woken};
use crate::sys::process::Signal;
use crate::sys::status::ExitStatus;
use crate::sys::{
    clock, futex, memory::Mapping, object, process as sys_process, signal, thread as sys_thread,
};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

/// Std atomics and the Linux futex: what shipped programs run on.
#[derive(Clone, Copy, Debug)]
pub struct Native;

/// What a wait is told as, which knows words and no names.
const A_WAIT: &str = "a wait inside a shipped primitive";
/// The first sleep of somebody who polls, in nanoseconds; each is twice the last.
const SHORTEST_PAUSE: u64 = 1_000;
/// The longest, in nanoseconds.
const LONGEST_PAUSE: u64 = 1_000_000;

impl Platform for Native {
    type AtomicU8 = AtomicU8;
    type AtomicU16 = AtomicU16;
    type AtomicU32 = AtomicU32;
    type AtomicU64 = AtomicU64;
    type Futex = AtomicU32;
    type Site = ();

    // The count std's mutex uses; about the cost of one futex call.
    const SPIN: u32 = 100;

    #[inline(always)]
    fn step<R: Observe>(_: impl FnOnce() -> Op, body: impl FnOnce() -> R) -> R {
        body()
    }

    #[inline]
    fn futex_wait(
        word: &AtomicU32,
        expected: u32,
        deadline: Option<u64>,
        _: impl FnOnce() -> Op,
        _: Option<impl FnOnce() -> Op>,
    ) -> Woken {
        tell(A_WAIT, None);
        if signal::handles_any() {
            return signal::wait_on(word, expected, deadline);
        }
        futex::wait(word, expected, deadline)
    }

    fn futex_wait_any(
        words: &[(&AtomicU32, u32)],
        deadline: Option<u64>,
        _: impl FnOnce() -> Op,
        _: Option<impl FnOnce() -> Op>,
    ) -> Woken {
        tell(A_WAIT, None);
        futex::wait_any(words, deadline)
    }

    #[inline]
    fn futex_wake(word: &AtomicU32, count: u32) -> u32 {
        futex::wake(word, count)
    }

    #[inline]
    fn futex_change_and_wake_all(word: &AtomicU32, change: Change) -> u32 {
        futex::change_and_wake_all(word, change)
    }

    fn pause(round: u32, _: impl FnOnce() -> Op) {
        // Most waits are short. Who still waits after the spins gives the core away for
        // ever longer, so that a long wait costs a thousand looks a second.
        match round.checked_sub(Self::SPIN) {
            None => std::hint::spin_loop(),
            Some(round) => clock::sleep((SHORTEST_PAUSE << round.min(10)).min(LONGEST_PAUSE)),
        }
    }

    #[inline(always)]
    fn guard(_: &AtomicU32, _: u32, _: Cmp, _: u32) -> Guard {
        Guard::ALWAYS
    }

    #[track_caller]
    #[inline(always)]
    fn made(what: &'static str) {
        tell(what, Some(std::panic::Location::caller()));
    }

    #[inline]
    fn now() -> u64 {
        clock::monotonic()
    }
}

impl Tasks for Native {
    type Process = sys_process::Child;
    type Thread = sys_thread::Thread;
    type Segment = Mapping;

    fn fork<F: FnOnce() -> i32 + 'static>(_: &str, body: F, (): ()) -> io::Result<Self::Process> {
        tell("Process", None);
        sys_process::fork(body)
    }

    fn executes() -> bool {
        true
    }

    fn adopt(child: sys_process::Child) -> Self::Process {
        child
    }

    fn thread<F: FnOnce() + Send + 'static>(name: &str, body: F, (): ()) -> io::Result<Self::Thread> {
        tell("thread::spawn", None);
        sys_thread::spawn(name, body)
    }

    fn segment(size: usize) -> io::Result<Mapping> {
        tell("Shared", None);
        Mapping::portable(size)
    }

    fn create_named(name: &str, size: usize, fill: &mut dyn FnMut(*mut u8)) -> io::Result<Mapping> {
        tell("SharedMemory", None);
        object::create(name, size, fill)
    }

    fn open_named(name: &str) -> io::Result<Mapping> {
        tell("SharedMemory", None);
        object::open(name)
    }

    fn unlink_named(name: &str) -> io::Result<()> {
        object::unlink(name)
    }

    fn sleep(nanos: u64, (): ()) {
        clock::sleep(nanos);
    }

    fn exit(code: i32) -> ! {
        sys_process::exit_now(code)
    }

    #[inline]
    fn process_id() -> u32 {
        crate::sys::own_id::process_id()
    }
}

/// Lets a task of the operating system stand for a platform's child. Nobody asks for the
/// caller's source line here.
macro_rules! forward {
    ($($child:ty),*) => {$(
        impl Child for $child {
            fn id(&self) -> u32 {
                <$child>::id(self)
            }

            fn wait(&self, deadline: Option<u64>, _: impl Site) -> io::Result<Option<ExitStatus>> {
                <$child>::wait(self, deadline)
            }

            fn has_ended(&self) -> bool {
                <$child>::has_ended(self)
            }

            fn sentinel(&self) -> io::Result<BorrowedFd<'_>> {
                <$child>::sentinel(self)
            }

            fn last_words(&self) -> Option<String> {
                <$child>::last_words(self)
            }

            fn signal(&self, signal: Signal, _: impl Site) -> io::Result<()> {
                <$child>::signal(self, signal)
            }
        }
    )*};
}

forward!(sys_process::Child, sys_thread::Thread);

impl Segment for Mapping {
    #[inline]
    fn base(&self) -> *mut u8 {
        Mapping::base(self)
    }

    #[inline]
    fn size(&self) -> usize {
        Mapping::size(self)
    }

    fn descriptor(&self) -> io::Result<BorrowedFd<'_>> {
        Mapping::descriptor(self)
    }

    fn arrived(descriptor: OwnedFd, _: Option<u64>, size: usize) -> io::Result<Mapping> {
        Mapping::arrived(descriptor, size)
    }
}
