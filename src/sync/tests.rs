//! The typed wrappers between real processes and threads.
//!
//! Run by `cargo test`. Whoever waits here has a deadline that only a defect reaches, and
//! every child is joined.
//!
//! When a process dies here, a test asked for it.

use crate::platform::{Native, Tasks};
use crate::{Array, Condvar, Event, Mutex, Process, Semaphore, Shared, Value, shareable, sync};
use std::sync::TryLockError;
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(120);

/// Children that do not outlive their test, even if it fails.
struct Family(Vec<Process>);

impl Drop for Family {
    fn drop(&mut self) {
        for child in &self.0 {
            let _ = child.kill();
            let _ = child.join();
        }
    }
}

fn children(count: usize, body: impl FnOnce() + Clone + Send + 'static) {
    let family = Family((0..count).map(|_| Process::spawn(body.clone())).collect());
    for child in &family.0 {
        let status = child.join_timeout(LONG).unwrap().expect("a child should have ended long ago");
        assert!(status.success(), "{status}");
    }
}

#[test]
fn processes_exclude_each_other_by_a_mutex() {
    let sum = Shared::new(Mutex::new(0_u64));
    let copy = sum.clone();
    children(4, move || {
        for _ in 0..2_000 {
            *copy.lock().unwrap() += 1;
        }
    });
    assert_eq!(*sum.lock().unwrap(), 8_000);
}

#[test]
fn a_mutex_refuses_and_gives_up() {
    let mut mutex: Mutex<i32> = Mutex::new(1);
    let guard = mutex.lock().unwrap();
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
    assert!(matches!(mutex.try_lock_for(SOON), Err(TryLockError::WouldBlock)));
    drop(guard);
    *mutex.try_lock().unwrap() += 1;
    *mutex.try_lock_for(SOON).unwrap() += 1;
    *mutex.get_mut().unwrap() += 1;
    assert_eq!(mutex.into_inner().unwrap(), 4);
}

#[test]
fn a_panic_in_a_child_poisons_the_mutex() {
    let mutex = Shared::new(Mutex::new(7));
    let copy = mutex.clone();
    let child = Process::spawn(move || {
        let _guard = copy.lock().unwrap();
        std::panic::resume_unwind(Box::new("no message, no hook"));
    });
    assert_eq!(child.join().unwrap().code(), Some(101));
    assert!(mutex.is_poisoned());
    assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
    assert_eq!(*mutex.lock().unwrap_err().into_inner(), 7);
    mutex.clear_poison();
    assert_eq!(*mutex.lock().unwrap(), 7);
}

#[test]
fn a_killed_holder_leaves_the_lock_taken() {
    shareable! { struct Held { lock: Mutex<()>, taken: Event } }
    let held = Shared::new(Held { lock: Mutex::new(()), taken: Event::new() });
    let copy = held.clone();
    let child = Process::spawn(move || {
        let _guard = copy.lock.lock();
        copy.taken.set();
        crate::sleep(LONG);
    });
    assert!(held.taken.wait_timeout(LONG));
    child.kill().unwrap();
    assert_eq!(child.join().unwrap().signal(), Some(9));
    assert!(matches!(held.lock.try_lock_for(SOON), Err(TryLockError::WouldBlock)));
}

#[test]
fn processes_take_turns_by_a_condvar() {
    shareable! { struct Turns { next: Mutex<u32>, changed: Condvar } }
    let turns = Shared::new(Turns { next: Mutex::new(0), changed: Condvar::new() });
    let play = |me: u32, turns: Shared<Turns>| {
        for _ in 0..500 {
            let mut next =
                turns.changed.wait_while(turns.next.lock().unwrap(), |next| *next % 2 != me).unwrap();
            *next += 1;
            drop(next);
            turns.changed.notify_all();
        }
    };
    let copy = turns.clone();
    let child = Process::spawn(move || play(1, copy));
    play(0, turns.clone());
    assert!(child.join_timeout(LONG).unwrap().unwrap().success());
    assert_eq!(*turns.next.lock().unwrap(), 1_000);
}

#[test]
fn each_notification_admits_as_many_as_it_says() {
    let (tickets, arrived): (Mutex<i32>, Condvar) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let start = tickets.lock().unwrap();
                let (mut left, result) = arrived.wait_timeout_while(start, LONG, |left| *left == 0).unwrap();
                assert!(!result.timed_out());
                *left -= 1;
            });
        }
        for _ in 0..2 {
            *tickets.lock().unwrap() += 1;
            arrived.notify_one();
        }
        *tickets.lock().unwrap() += 2;
        arrived.notify_n(2);
        *tickets.lock().unwrap() += 2;
        arrived.notify_all();
    });
    assert_eq!(*tickets.lock().unwrap(), 0);
}

#[test]
fn a_condvar_that_nobody_notifies_times_out() {
    let (mutex, condvar): (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
    let (guard, result) = condvar.wait_timeout(mutex.lock().unwrap(), SOON).unwrap();
    assert!(result.timed_out());
    let (guard, result) = condvar.wait_timeout_while(guard, SOON, |ready| !*ready).unwrap();
    assert!(result.timed_out() && mutex.try_lock().is_err());
    drop(guard);
    assert!(!condvar.wait_timeout_while(mutex.lock().unwrap(), LONG, |_| false).unwrap().1.timed_out());
}

#[test]
fn a_semaphore_admits_no_more_than_it_has() {
    shareable! { struct Room { seats: Semaphore, inside: Value<i32>, most: Mutex<i32> } }
    let room = Room { seats: Semaphore::new(2), inside: Value::new(0), most: Mutex::new(0) };
    let room = Shared::new(room);
    let copy = room.clone();
    children(5, move || {
        for _ in 0..200 {
            let _seat = copy.seats.access();
            let inside = copy.inside.fetch_add(1) + 1;
            let mut most = copy.most.lock().unwrap();
            *most = (*most).max(inside);
            drop(most);
            copy.inside.fetch_add(-1);
        }
    });
    assert!((1..=2).contains(&*room.most.lock().unwrap()));
    assert_eq!((room.seats.value(), room.inside.get()), (2, 0));
    assert!(
        room.seats.try_acquire() && room.seats.acquire_timeout(SOON) && !room.seats.acquire_timeout(SOON)
    );
    room.seats.release();
    room.seats.release_n(1).unwrap();
    assert!(room.seats.release_n(u32::MAX).is_err());
    assert_eq!(room.seats.value(), 2);
}

#[test]
fn a_pulse_releases_those_who_wait() {
    shareable! { struct Gate { open: Event, passed: Value<u32> } }
    let gate = Shared::new(Gate { open: Event::new(), passed: Value::new(0) });
    let copy = gate.clone();
    let waiters = Process::spawn(move || {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    assert!(copy.open.wait_timeout(LONG));
                    copy.passed.fetch_add(1);
                });
            }
        });
    });
    // A pulse before they wait releases nobody, so there may have to be several.
    while waiters.is_alive() {
        gate.open.set();
        gate.open.clear();
    }
    assert!(waiters.join().unwrap().success());
    assert_eq!(gate.passed.get(), 3);
    assert!(!gate.open.is_set() && !gate.open.wait_timeout(SOON));
}

#[test]
fn additions_to_a_value_are_not_lost() {
    let value = Shared::new((Value::new(0_i64), Value::new(0.0_f64), Value::new(0_u8)));
    let copy = value.clone();
    children(3, move || {
        for _ in 0..1_000 {
            copy.0.fetch_add(2);
            copy.1.lock().update(|sum| sum + 0.5);
            copy.2.fetch_add(1);
        }
    });
    assert_eq!((value.0.get(), value.1.get()), (6_000, 1_500.0));
    assert_eq!(value.2.get(), (3_000 % 256) as u8, "an addition wraps around");
    value.1.set(-1.0);
    assert_eq!(value.1.lock().get(), -1.0);
}

#[test]
fn exchanges_are_refused_where_somebody_was_faster() {
    let sums = Array::<i64>::new(2);
    let copy = sums.clone();
    children(3, move || {
        for _ in 0..1_000 {
            let mut seen = copy.get(1);
            while let Err(other) = copy.compare_exchange(1, seen, seen + 1) {
                seen = other;
            }
        }
    });
    assert_eq!(sums.to_vec(), [0, 3_000]);
    let value = Value::<i8>::new(-1);
    assert_eq!((value.compare_exchange(0, 5), value.compare_exchange(-1, 5)), (Err(-1), Ok(-1)));
    assert_eq!(value.get(), 5);
}

#[test]
fn an_array_is_shared_by_its_clones() {
    let array: Array<i32> = Array::new(3);
    assert_eq!((array.len(), array.is_empty(), array.to_vec()), (3, false, vec![0; 3]));
    let copy = array.clone();
    children(2, move || {
        for _ in 0..500 {
            let guard = copy.lock();
            // Under the lock the sum is 0, whenever somebody looks.
            assert_eq!(guard.to_vec().iter().sum::<i32>(), 0);
            guard.set(0, guard.get(0) - 1);
            guard.set(1, guard.get(1) + 1);
            drop(guard);
            copy.fetch_add(2, 0);
        }
    });
    assert_eq!(array.iter().collect::<Vec<_>>(), [-1_000, 1_000, 0]);
    assert!(Array::<u8>::from_slice(&[]).is_empty());
    assert!(Array::from_slice(&[true, false]).get(0));
    assert!(Array::<u64>::try_new(usize::MAX / 4).is_err());
    assert!(Array::<u8>::try_new(usize::MAX / 2).is_err());
}

#[test]
#[should_panic(expected = "index 3 is out of range for an Array of length 3")]
fn an_index_out_of_range_is_named() {
    let _ = Array::<u32>::new(3).get(3);
}

#[test]
fn a_mutex_is_as_large_as_stds() {
    assert_eq!(size_of::<Mutex<u64>>(), size_of::<std::sync::Mutex<u64>>());
    assert_eq!(size_of::<crate::MutexGuard<'_, u64>>(), size_of::<std::sync::MutexGuard<'_, u64>>());
}

#[test]
fn a_struct_over_any_platform_is_shareable() {
    shareable! { struct Gate<P: Tasks = Native> { lock: sync::Mutex<[u8; 4], P>, open: sync::Event<P> } }
    fn closed<P: Tasks>() -> Shared<Gate<P>> {
        Shared::new(Gate { lock: sync::Mutex::new([7; 4]), open: sync::Event::new() })
    }
    let gate = closed::<Native>();
    assert!(*gate.lock.lock().unwrap() == [7; 4] && !gate.open.is_set());
}
