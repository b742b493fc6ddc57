//! The futex: sleeping on a 32-bit word until somebody says that it changed.
//!
//! Called by [`Native`](crate::platform::Native) for every primitive, and by
//! [`thread`](super::thread) to wait for a thread's end.
//!
//! | the word at the call | what [`wait`] does |
//! |---|---|
//! | differs from `expected` | returns [`Woken::Changed`] at once |
//! | equals `expected` | sleeps until [`wake`], a signal or the deadline |
//!
//! [`wait_any`] does the same with many words at once.
//!
//! 1. Comparing and falling asleep are one action for the kernel: a [`wake`] after a
//!    change of the word is never missed.
//! 2. The futexes are process-shared (no `FUTEX_PRIVATE_FLAG`), because any word may
//!    lie in memory that another process maps at another address.
//! 3. [`change_and_wake_all`] changes the word and wakes in one system call: whoever is killed
//!    there has done both or neither. A signal is acted on when the call returns, and the
//!    kernel wakes before that.
//!
//! The kernel's comparison is a full barrier, and so is its change of a word; the
//! orderings that matter otherwise are those of the caller's own accesses to the word.
//!
//! When a process dies asleep, the kernel takes it off the queue. When it dies after
//! it was woken, that wake-up is lost with it.
//!
//! Sources: futex(2), futex_waitv(2).

use super::clock;
use nix::errno::Errno;
use nix::libc;
use std::ptr;
use std::sync::atomic::AtomicU32;

/// Why a sleep on a futex word came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// A wake-up, or none: the word may have changed, look again.
    Woken,
    /// The word did not hold the expected value; nobody slept.
    Changed,
    /// The deadline passed first.
    TimedOut,
}

/// How [`change_and_wake_all`] changes its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds, wrapping around: from -2048 to 2047.
    Add(i16),
    /// Sets bits, among the lowest eleven.
    Or(u16),
}

impl Change {
    /// What becomes of a word.
    #[must_use]
    pub fn apply(self, word: u32) -> u32 {
        match self {
            Change::Add(number) => word.wrapping_add_signed(i32::from(number)),
            Change::Or(bits) => word | u32::from(bits),
        }
    }

    /// The kernel's form: operation, comparison (which nobody needs here), argument of
    /// twelve bits, number to compare with.
    fn encoded(self) -> i32 {
        let (operation, argument) = match self {
            Change::Add(number) => (libc::FUTEX_OP_ADD, i32::from(number)),
            Change::Or(bits) => (libc::FUTEX_OP_OR, i32::from(bits)),
        };
        debug_assert!((-2048..2048).contains(&argument), "{self:?} has more than twelve bits");
        operation << 28 | (argument & 0xFFF) << 12
    }
}

/// Sleeps while `word` holds `expected`, until a wake-up, a signal, or `deadline`
/// (nanoseconds on [`clock::monotonic`]).
///
/// # Panics
/// If the kernel does not know futexes.
#[inline]
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<u64>) -> Woken {
    let timeout = deadline.map(|at| *clock::timespec(at).as_ref());
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref::<libc::timespec>);
    // The plain FUTEX_WAIT takes a relative time; the bit-set form an absolute one, on
    // the monotonic clock, so that a caller who looks again need not calculate again.
    // SAFETY: `word` and `timeout` are valid for reads during the whole call, and the
    // kernel writes to neither.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT_BITSET,
            expected,
            timeout,
            ptr::null::<u32>(),
            libc::FUTEX_BITSET_MATCH_ANY,
        )
    };
    match Errno::result(result) {
        // EINTR: a signal handler ran. Every caller looks at its word again anyway.
        Ok(_) | Err(Errno::EINTR) => Woken::Woken,
        Err(Errno::EAGAIN) => Woken::Changed,
        Err(Errno::ETIMEDOUT) => Woken::TimedOut,
        Err(errno) => panic!("futex wait on {:p} failed: {errno}", word.as_ptr()),
    }
}

/// The most words that [`wait_any`] takes.
pub const MOST_WORDS: usize = 64;

/// How long a sleep on many words lasts at most where the kernel knows only sleeps on one,
/// in nanoseconds.
const NAP: u64 = 200_000;

/// The kernel's `struct futex_waitv`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Waiter {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

/// Sleeps while each word holds the number beside it, until a wake-up on any of them, a
/// signal, or `deadline`. Before Linux 5.16, a sleep on the first of them that ends soon
/// without cause.
///
/// # Panics
/// If the words are none or more than [`MOST_WORDS`], or if the kernel does not know futexes.
pub fn wait_any(words: &[(&AtomicU32, u32)], deadline: Option<u64>) -> Woken {
    assert!(
        (1..=MOST_WORDS).contains(&words.len()),
        "a sleep on {} words, of at most {MOST_WORDS}",
        words.len()
    );
    if let [(word, expected)] = words {
        return wait(word, *expected, deadline);
    }
    let mut waiters = [Waiter { value: 0, address: 0, flags: 0, reserved: 0 }; MOST_WORDS];
    for (waiter, (word, expected)) in waiters.iter_mut().zip(words) {
        let address = word.as_ptr().expose_provenance() as u64;
        *waiter =
            Waiter { value: u64::from(*expected), address, flags: libc::FUTEX2_SIZE_U32 as u32, reserved: 0 };
    }
    let timeout = deadline.map(|at| *clock::timespec(at).as_ref());
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref::<libc::timespec>);
    // SAFETY: `waiters` and `timeout` are valid for reads during the whole call, and so are
    // the words; the kernel writes to none of them.
    let result = unsafe {
        let (first, count) = (waiters.as_ptr(), words.len());
        libc::syscall(libc::SYS_futex_waitv, first, count, 0, timeout, libc::CLOCK_MONOTONIC)
    };
    match Errno::result(result) {
        Ok(_) | Err(Errno::EINTR) => Woken::Woken,
        Err(Errno::EAGAIN) => Woken::Changed,
        Err(Errno::ETIMEDOUT) => Woken::TimedOut,
        Err(Errno::ENOSYS | Errno::EPERM) => nap(words[0], deadline),
        Err(errno) => panic!("futex wait on {} words failed: {errno}", words.len()),
    }
}

/// A short sleep on one word.
fn nap((word, expected): (&AtomicU32, u32), deadline: Option<u64>) -> Woken {
    let now = clock::monotonic();
    if deadline.is_some_and(|deadline| now >= deadline) {
        return Woken::TimedOut;
    }
    wait(word, expected, Some(now + NAP));
    Woken::Woken
}

/// Wakes up to `count` sleepers on `word`, longest sleeper first, and returns how many
/// were woken.
///
/// # Panics
/// If the kernel does not know futexes.
#[inline]
pub fn wake(word: &AtomicU32, count: u32) -> u32 {
    // The kernel takes a signed number.
    let count = count.min(i32::MAX.cast_unsigned());
    // SAFETY: FUTEX_WAKE uses the address of `word` only as a name.
    let result = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, count) };
    match Errno::result(result) {
        Ok(woken) => u32::try_from(woken).unwrap_or(u32::MAX),
        Err(errno) => panic!("futex wake on {:p} failed: {errno}", word.as_ptr()),
    }
}

/// Changes `word` and wakes all sleepers on it, in one action that a kill does not divide;
/// returns how many were woken.
///
/// # Panics
/// If the kernel does not know futexes.
pub fn change_and_wake_all(word: &AtomicU32, change: Change) -> u32 {
    // The call knows two words. The second is the one that is changed. How many are to be
    // woken there on its own account stands in the place of the timeout: nobody is left
    // asleep by then.
    // SAFETY: `word` is valid for reads and writes, and is an atomic for everybody.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE_OP,
            i32::MAX,
            ptr::null::<libc::timespec>(),
            word.as_ptr(),
            change.encoded(),
        )
    };
    match Errno::result(result) {
        Ok(woken) => u32::try_from(woken).unwrap_or(u32::MAX),
        Err(errno) => panic!("futex wake on {:p} failed: {errno}", word.as_ptr()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::SeqCst;

    #[test]
    fn the_kernel_changes_a_word_as_told() {
        for change in
            [Change::Add(3), Change::Add(-2048), Change::Add(2047), Change::Or(0x7FF), Change::Or(1)]
        {
            for before in [0, 1, 6, u32::MAX] {
                let word = AtomicU32::new(before);
                assert_eq!(change_and_wake_all(&word, change), 0);
                assert_eq!(word.load(SeqCst), change.apply(before), "{change:?} of {before}");
            }
        }
    }

    #[test]
    fn a_wake_up_on_any_word_ends_the_wait() {
        let words = [const { AtomicU32::new(0) }; MOST_WORDS];
        let all = || words.each_ref().map(|word| (word, 0));
        assert_eq!(wait_any(&all(), Some(clock::monotonic() + 1_000_000)), Woken::TimedOut);
        for woken in [0, 3, MOST_WORDS - 1] {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    while wake(&words[woken], 1) == 0 {
                        std::thread::yield_now();
                    }
                });
                assert_eq!(wait_any(&all(), None), Woken::Woken);
            });
        }
        words[5].store(1, SeqCst);
        assert_eq!(wait_any(&all(), None), Woken::Changed);
    }

    #[test]
    fn a_change_in_the_kernel_wakes_everybody() {
        let word = AtomicU32::new(0);
        std::thread::scope(|scope| {
            let sleep = || {
                while word.load(SeqCst) == 0 {
                    wait(&word, 0, None);
                }
            };
            for _ in 0..3 {
                scope.spawn(sleep);
            }
            change_and_wake_all(&word, Change::Or(1));
        });
        assert_eq!(word.load(SeqCst), 1);
    }

    #[test]
    fn a_word_that_differs_is_not_slept_on() {
        assert_eq!(wait(&AtomicU32::new(1), 0, None), Woken::Changed);
    }

    #[test]
    fn a_past_deadline_ends_the_wait_at_once() {
        assert_eq!(wait(&AtomicU32::new(0), 0, Some(0)), Woken::TimedOut);
        assert_eq!(wait(&AtomicU32::new(0), 0, Some(clock::monotonic() + 1_000_000)), Woken::TimedOut);
    }

    #[test]
    fn a_sleep_on_many_words_ends_with_any_of_them() {
        let words: [AtomicU32; 3] = Default::default();
        let pairs = words.each_ref().map(|word| (word, 0));
        assert_eq!(wait_any(&pairs, Some(clock::monotonic() + 1_000_000)), Woken::TimedOut);
        for alone in [false, true] {
            let wait = || if alone { nap(pairs[0], None) } else { wait_any(&pairs, None) };
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    words[1].store(1, SeqCst);
                    wake(&words[1], 1);
                });
                while words[1].load(SeqCst) == 0 {
                    wait();
                }
            });
            words[1].store(0, SeqCst);
        }
        words[2].store(1, SeqCst);
        assert_eq!(wait_any(&pairs, None), Woken::Changed);
    }

    #[test]
    fn a_change_with_a_wake_up_ends_the_wait() {
        let word = AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                word.store(1, SeqCst);
                wake(&word, u32::MAX);
            });
            while word.load(SeqCst) == 0 {
                wait(&word, 0, None);
            }
        });
        assert_eq!(wake(&word, 1), 0);
    }
}
