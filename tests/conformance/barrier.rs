//! Barriers: what `threading.Barrier` is relied on for.
//!
//! When a process dies here, no test asked for it.

use super::under_the_scheduler;
use rusty_fork::rusty_fork_test;
use selvedge::{Array, Barrier, BarrierError, Mutex, Process, Shared, Value, shareable};
use selvedge_harness::prelude::{self as checked, Program};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const PARTIES: usize = 5;
const SHORT: Duration = Duration::from_millis(20);

/// Runs `body` in so many threads at a time, with their numbers.
fn threads<T: Send>(count: usize, body: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let body = &body;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|me| scope.spawn(move || body(me))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// What one party does: in each generation it counts itself on both sides of the barrier.
fn in_step(barrier: &Barrier, before: &Value<u32>, after: &Value<u32>, generations: u32) {
    for generation in 1..=generations {
        before.fetch_add(1);
        assert!(after.get() >= (generation - 1) * PARTIES as u32, "somebody is behind");
        barrier.wait().unwrap();
        assert!(before.get() >= generation * PARTIES as u32, "somebody has not come yet");
        after.fetch_add(1);
        barrier.wait().unwrap();
    }
}

shareable! { struct Hall { barrier: Barrier, before: Value<u32>, after: Value<u32> } }

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_barrier_01_all_pass_in_lock_step() {
        for generations in [1, 10] {
            let hall = || Hall { barrier: Barrier::new(PARTIES as u32), before: Value::new(0), after: Value::new(0) };
            let (local, shared) = (hall(), Shared::new(hall()));
            threads(PARTIES, |_| in_step(&local.barrier, &local.before, &local.after, generations));
            let start = |_| {
                let hall = shared.clone();
                Process::spawn(move || in_step(&hall.barrier, &hall.before, &hall.after, generations))
            };
            let family: Vec<_> = (0..PARTIES).map(start).collect();
            assert!(family.iter().all(|child| child.join().unwrap().success()));
            for hall in [&local, &*shared] {
                assert_eq!((hall.barrier.waiting(), hall.barrier.is_broken()), (0, false));
                assert_eq!(hall.before.get(), generations * PARTIES as u32);
            }
        }
    }
}

#[test]
fn c_barrier_02_each_gets_another_index() {
    let barrier = Barrier::new(PARTIES as u32);
    for _ in 0..20 {
        let mut places = threads(PARTIES, |_| barrier.wait().unwrap());
        places.sort_by_key(|place| place.index());
        let indices: Vec<_> = places.iter().map(|place| place.index()).collect();
        assert_eq!(indices, [0, 1, 2, 3, 4]);
        assert_eq!(places.iter().filter(|place| place.is_leader()).count(), 1);
    }
}

#[test]
fn c_barrier_03_the_action_is_done_once_before_anybody_passes() {
    let (barrier, done) = (Barrier::new(PARTIES as u32), AtomicU32::new(0));
    threads(PARTIES, |_| {
        for generation in 1..=20 {
            barrier.wait_with(|| assert_eq!(done.fetch_add(1, SeqCst), generation - 1)).unwrap();
            assert_eq!(done.load(SeqCst), generation);
            barrier.wait().unwrap();
        }
    });
    assert_eq!(done.load(SeqCst), 20);
}

#[test]
fn c_barrier_04_an_abort_reaches_all_others() {
    let barrier = Barrier::new(PARTIES as u32);
    let results = threads(PARTIES, |me| {
        if me == 2 {
            barrier.abort();
            return Ok(());
        }
        barrier.wait().map(drop)
    });
    let broken = results.iter().filter(|result| **result == Err(BarrierError::Broken)).count();
    assert_eq!((broken, barrier.is_broken()), (PARTIES - 1, true));
    barrier.reset();
    threads(PARTIES, |_| barrier.wait().unwrap());
}

#[test]
fn c_barrier_07_one_who_is_late_breaks_it_for_all() {
    let barrier = Barrier::new(PARTIES as u32);
    let results = threads(PARTIES - 1, |_| barrier.wait_timeout(SHORT));
    assert_eq!(results, [Err(BarrierError::Broken); PARTIES - 1]);
    assert_eq!(barrier.wait_timeout(SHORT), Err(BarrierError::Broken));
    assert!(barrier.is_broken());
}

#[test]
fn c_barrier_09_one_party_never_waits() {
    let barrier = Barrier::new(1);
    for _ in 0..3 {
        let place = barrier.wait().unwrap();
        assert_eq!((place.index(), place.is_leader(), barrier.try_wait().is_ok()), (0, true, true));
    }
}

#[test]
fn c_barrier_10_what_is_printed_tells_who_waits_and_whether_it_is_broken() {
    shareable! { struct Room { barrier: checked::Barrier } }
    under_the_scheduler(|| {
        Program::new("printed", || Room { barrier: checked::Barrier::new(2) })
            .task("party", |room| assert_eq!(room.barrier.wait(), Err(BarrierError::Broken)))
            .task("looker", |room| {
                let text = format!("{:?}", room.barrier);
                assert!(["Barrier(0/2)", "Barrier(1/2)"].contains(&&*text), "{text}");
                room.barrier.abort();
                let text = format!("{:?}", room.barrier);
                assert!(["Barrier(0/2, broken)", "Barrier(1/2, broken)"].contains(&&*text), "{text}");
            })
            .into()
    });
}

/// A barrier made of two locks and a count: the first lock lets in, the second one out.
struct HandMade {
    arriving: selvedge::Semaphore,
    leaving: selvedge::Semaphore,
    inside: Mutex<usize>,
}

impl HandMade {
    fn enter(&self) {
        self.arriving.acquire();
        let mut inside = self.inside.lock().unwrap();
        *inside += 1;
        if *inside < PARTIES { &self.arriving } else { &self.leaving }.release();
    }

    fn leave(&self) {
        self.leaving.acquire();
        let mut inside = self.inside.lock().unwrap();
        *inside -= 1;
        if *inside > 0 { &self.leaving } else { &self.arriving }.release();
    }
}

#[test]
fn c_barrier_12_one_made_by_hand_holds_back_the_eager() {
    const TRIPS: u64 = 3;
    let barrier = HandMade {
        arriving: selvedge::Semaphore::new(1),
        leaving: selvedge::Semaphore::new(0),
        inside: Mutex::new(0),
    };
    let trips: Array<u64> = Array::new(PARTIES);
    threads(PARTIES, |me| {
        for trip in 0..TRIPS {
            // The last one is eager: the others give their core away first.
            if me + 1 < PARTIES {
                thread::yield_now();
            }
            trips.set(me, trip + 1);
            barrier.enter();
            barrier.leave();
            let in_step = |other| (trip + 1..=trip + 2).contains(&trips.get(other));
            assert!((0..PARTIES).all(in_step), "one ran ahead or stayed behind");
        }
    });
}
