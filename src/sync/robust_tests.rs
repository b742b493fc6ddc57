//! Locks that the kernel does not let go of for the dead.
//!
//! When a process dies here, a test asked for it.

use crate::platform::{Native, Platform};
use crate::raw::{Left, RawRobustMutex, Taken};
use crate::shareable;
use crate::sys::process;
use crate::sys::robust::{LIMIT, OWNER_DIED, WAITERS};
use crate::{RobustSemaphore, RwLock, Shareable, Shared};
use rusty_fork::rusty_fork_test;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

type Lock = RawRobustMutex<Native>;

/// What only a defect makes anybody wait.
const LONG: Duration = Duration::from_secs(120);

/// Overwrites the word of a lock, as somebody could who broke into the memory.
fn damage(lock: &Lock, word: u32) {
    // SAFETY: the address is that of the word, which is an atomic one.
    unsafe { AtomicU32::from_ptr(lock.address() as *mut u32) }.store(word, SeqCst);
}

/// The number of a thread that has ended.
fn dead() -> u32 {
    std::thread::spawn(|| crate::sys::robust::me().id()).join().unwrap()
}

/// Takes the lock, if that is possible at all.
fn soon(lock: &Lock) -> Option<Taken> {
    lock.lock_until(Native::deadline(LONG), ())
}

#[test]
fn a_word_with_a_dead_owner_is_let_go_by_who_waits() {
    for mark in [0, WAITERS, OWNER_DIED, OWNER_DIED | WAITERS] {
        let lock = Lock::new();
        damage(&lock, dead() | mark);
        assert_eq!(soon(&lock), Some(Taken::OwnerDied));
        lock.unlock(Left::Clean, ()).unwrap();
        assert_eq!(soon(&lock), Some(Taken::Clean), "it is in order again");
        lock.unlock(Left::Clean, ()).unwrap();
        // Of several that wait, each gets it.
        damage(&lock, dead() | mark);
        let once = || {
            let taken = soon(&lock);
            lock.unlock(Left::Clean, ()).unwrap();
            usize::from(taken == Some(Taken::OwnerDied))
        };
        let told: usize = std::thread::scope(|scope| {
            let all = [(); 3].map(|()| scope.spawn(once));
            all.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(told, 1, "one is told");
    }
}

#[test]
fn an_owner_that_lives_is_left_alone() {
    let lock = Lock::new();
    assert_eq!(lock.lock(()), Taken::Clean);
    let deadline = Native::deadline(Duration::from_millis(250));
    let other = || lock.lock_until(deadline, ());
    assert_eq!(std::thread::scope(|scope| scope.spawn(other).join().unwrap()), None);
    assert!(lock.is_mine() && lock.unlock(Left::Clean, ()).is_ok());
}

shareable! {
    struct Many { locks: [Lock; LIMIT + 100] }
}

#[test]
fn more_locks_than_the_kernel_lets_go_are_let_go() {
    let many = Shared::new(Many { locks: std::array::from_fn(|_| Lock::new()) });
    let child = process::fork({
        let many = many.clone();
        move || {
            many.locks.iter().for_each(|lock| assert_eq!(lock.lock(()), Taken::Clean));
            process::exit_now(3)
        }
    })
    .unwrap();
    crate::sys::death::await_death(child.id());
    let left = many.locks.iter().filter(|lock| lock.is_locked(())).count();
    assert!(left > 0, "the kernel let go of all");
    // The oldest, as its holder is a zombie, and the next, as there is nobody any more.
    assert_eq!(soon(&many.locks[0]), Some(Taken::OwnerDied));
    child.wait(None).unwrap();
    assert_eq!(soon(&many.locks[1]), Some(Taken::OwnerDied));
    assert_eq!(soon(&many.locks[LIMIT + 99]), Some(Taken::OwnerDied));
    many.locks.iter().filter(|lock| lock.is_mine()).for_each(|lock| lock.unlock(Left::Clean, ()).unwrap());
}

/// More than the kernel lets go, after a child has died with all of them.
fn held_by_the_dead<T: Shareable + Send + Sync>(new: fn() -> T, hold: fn(&T)) -> Vec<Shared<T>> {
    let many: Vec<Shared<T>> = (0..LIMIT + 10).map(|_| Shared::new(new())).collect();
    let child = process::fork({
        let many = many.clone();
        move || {
            many.iter().for_each(|one| hold(one));
            process::exit_now(3)
        }
    });
    child.unwrap().wait(None).unwrap();
    many
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    // In a process of its own: it uses up all the descriptors that memory may have.
    #[test]
    fn more_slots_than_the_kernel_frees_are_freed() {
        let locks = held_by_the_dead(|| RwLock::new(0_u8), |lock| std::mem::forget(lock.read().unwrap()));
        assert!(locks.last().unwrap().try_write().is_ok(), "the kernel frees the newest");
        assert!(locks[0].try_write().is_err() && locks[0].try_write_for(LONG).is_ok());

        let one = || RobustSemaphore::new(1).unwrap();
        let semaphores = held_by_the_dead(one, |semaphore| std::mem::forget(semaphore.acquire()));
        assert!(semaphores.last().unwrap().try_acquire().is_some(), "the kernel frees the newest");
        assert!(semaphores[0].try_acquire().is_none() && semaphores[0].acquire_timeout(LONG).is_some());
    }
}
