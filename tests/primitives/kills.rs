//! The laws of what survives its holders: real processes at work, one after the other
//! killed by SIGKILL at a random moment, and the others must go on.
//!
//! When a process dies here, that is the test.

use crate::family::{Family, LONG, Outcome, child, holds, is_caught, refute, until};
use proptest::prelude::any;
use rusty_fork::rusty_fork_test;
use selvedge::{Array, ExitStatus, LockError, Mutex, RobustMutex, Shared, Value, exit, shareable};
use std::time::{Duration, Instant};

/// How many are killed in one test.
pub(crate) const KILLS: u32 = if cfg!(debug_assertions) { 300 } else { 1000 };

/// A small generator of moments; which numbers it gives decides nothing.
pub(crate) struct Moments(u64);

impl Moments {
    pub(crate) fn new(seed: u64) -> Moments {
        Moments(seed)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// Lets up to a fifth of a millisecond pass without giving the core away.
    fn pass(&mut self) {
        self.pass_at_most(200_000);
    }

    /// Lets up to so many nanoseconds pass without giving the core away.
    pub(crate) fn pass_at_most(&mut self, nanoseconds: u64) {
        let end = Instant::now() + Duration::from_nanos(self.below(nanoseconds));
        while Instant::now() < end {
            std::hint::spin_loop();
        }
    }
}

/// `workers` processes do `work` again and again, which says whether the law held. `kills`
/// times one of them is killed and replaced, and after each death all the others must come
/// to the end of a piece of work that they began after it.
pub(crate) fn survives<F>(workers: usize, kills: u32, seed: u64, patience: Duration, work: F) -> Outcome
where
    F: Fn(usize) -> bool + Clone + Send + 'static,
{
    let done: Array<u64> = Array::new(workers);
    let start = |index: usize| {
        let (done, work) = (done.clone(), work.clone());
        child(move || {
            loop {
                if !work(index) {
                    exit(70);
                }
                done.fetch_add(index, 1);
            }
        })
    };
    let mut family: Vec<Family> = (0..workers).map(|index| Family::of([start(index)])).collect();
    let mut moments = Moments(seed);
    for kill in 0..kills {
        moments.pass();
        let victim = moments.below(workers as u64) as usize;
        let process = &family[victim][0];
        let killed = process.kill().and_then(|()| process.join());
        match killed {
            Ok(ExitStatus::Signal(9)) => {}
            Ok(status) => refute(format!("worker {victim} ended with {status} before it was killed"))?,
            Err(error) => refute(format!("worker {victim}: {error}"))?,
        }
        let before = done.to_vec();
        let others = || (0..workers).filter(|&index| index != victim);
        // Two ends: the first piece of work may have been past its waiting already.
        let went_on = || others().all(|index| done.get(index) > before[index] + 1);
        let alive = || others().all(|index| family[index][0].is_alive());
        let deadline = Instant::now() + patience;
        while !went_on() && alive() && Instant::now() < deadline {
            // Gives the core away: the workers need it.
            std::thread::sleep(Duration::from_micros(20));
        }
        if !went_on() {
            let stuck: Vec<_> = others().filter(|&index| done.get(index) <= before[index] + 1).collect();
            let lives = alive();
            refute(format!("after kill {kill} workers {stuck:?} do not go on; all alive: {lives}"))?;
        }
        family[victim] = Family::of([start(victim)]);
    }
    Ok(())
}

shareable! { struct Twins { numbers: RobustMutex<[u64; 2]>, repaired: Value<u64> } }

/// Takes the lock in one of three ways, and leaves two numbers equal that are not in between.
fn add_to(twins: &Twins, way: usize) -> bool {
    let taken = match way % 3 {
        0 => twins.numbers.lock(),
        1 => twins.numbers.try_lock_for(LONG),
        _ => loop {
            match twins.numbers.try_lock() {
                Err(LockError::WouldBlock) => std::thread::yield_now(),
                other => break other,
            }
        },
    };
    let mut numbers = match taken {
        Ok(numbers) => numbers,
        Err(LockError::OwnerDied(mut numbers)) => {
            let ahead = numbers[0].max(numbers[1]);
            *numbers = [ahead, ahead];
            numbers.mark_consistent();
            twins.repaired.fetch_add(1);
            numbers
        }
        Err(_) => return false,
    };
    let equal = numbers[0] == numbers[1];
    numbers[0] += 1;
    for _ in 0..20 {
        std::hint::spin_loop();
    }
    numbers[1] += 1;
    equal
}

fn robust_mutex(workers: usize, kills: u32, seed: u64) -> Outcome {
    let twins = Shared::new(Twins { numbers: RobustMutex::new([0, 0]), repaired: Value::new(0) });
    let copy = twins.clone();
    survives(workers, kills, seed, LONG, move |index| add_to(&copy, index))?;
    match twins.repaired.get() {
        0 => refute("nobody ever died with the lock"),
        repaired if repaired > u64::from(kills) => refute(format!("{repaired} deaths were told of {kills}")),
        _ => Ok(()),
    }
}

/// A holder that dies while others are asleep: one of them gets the lock and is told.
fn one_sleeper_is_told(sleepers: usize) -> Outcome {
    let twins = Shared::new(Twins { numbers: RobustMutex::new([0, 0]), repaired: Value::new(0) });
    let copy = twins.clone();
    let holder = Family::of([child(move || {
        let _guard = copy.numbers.lock();
        loop {
            selvedge::sleep(LONG);
        }
    })]);
    until("that the lock is taken", || matches!(twins.numbers.try_lock(), Err(LockError::WouldBlock)))?;
    let copy = twins.clone();
    let waiting = Family::start(sleepers, move |_| match copy.numbers.try_lock_for(LONG) {
        Err(LockError::OwnerDied(mut guard)) => {
            guard.mark_consistent();
            copy.repaired.fetch_add(1);
            true
        }
        other => other.is_ok(),
    });
    until("that all sleep", || waiting.iter().all(crate::family::asleep))?;
    let _ = holder[0].kill();
    waiting.join()?;
    if twins.repaired.get() == 1 { Ok(()) } else { refute(format!("{} were told", twins.repaired.get())) }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn a_robust_mutex_survives() {
        holds(1, any::<u64>(), |seed| robust_mutex(3, KILLS, seed));
    }

    #[test]
    fn a_plain_mutex_does_not() {
        let shared = Shared::new(Mutex::new(0_u64));
        is_caught("do not go on", || {
            let copy = shared.clone();
            survives(2, KILLS, 5, Duration::from_secs(1), move |_| {
                copy.lock().map(|mut number| *number += 1).is_ok()
            })
        });
    }

    #[test]
    fn one_of_the_sleepers_is_told() {
        holds(6, 1..=5_usize, one_sleeper_is_told);
    }
}
