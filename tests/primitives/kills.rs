//! The laws of what survives its holders: real processes at work, one after the other
//! killed by SIGKILL at a random moment, and the others must go on.
//!
//! When a process dies here, that is the test.

use crate::family::{Family, LONG, Outcome, child, holds, is_caught, refute, until};
use proptest::prelude::any;
use proptest::test_runner::TestCaseError;
use rusty_fork::rusty_fork_test;
use selvedge::{
    Array, ExitStatus, FileLock, LockError, Mutex, ReentrantMutex, RobustMutex, RobustSemaphore, RwLock,
    Semaphore, Shared, Value, exit, shareable,
};
use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

/// How many are killed in one test.
pub(crate) const KILLS: u32 = if cfg!(debug_assertions) { 300 } else { 1000 };
/// The same for what is built on the lock that `KILLS` is for.
const FEWER: u32 = if cfg!(debug_assertions) { 150 } else { 1000 };

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
    let work = move |index| add_to(&copy, index);
    let repaired = told(&twins.repaired, || survives(workers, kills, seed, LONG, work.clone()))?;
    // With those who were killed when a round was over.
    let most = u64::from(kills) + workers as u64;
    if repaired > most { refute(format!("{repaired} deaths were told of {most}")) } else { Ok(()) }
}

/// Kills, and again if nobody happened to die in the middle of it; says how many were told.
fn told(repaired: &Value<u64>, kill: impl Fn() -> Outcome) -> Result<u64, TestCaseError> {
    while repaired.get() == 0 {
        kill()?;
    }
    Ok(repaired.get())
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

shareable! {
    struct Library { book: RwLock<[u64; 2]>, nested: ReentrantMutex<[Cell<u64>; 2]>, repaired: Value<u64> }
    struct Rooms { seats: RobustSemaphore, one: RobustSemaphore, inside: Value<u32> }
}

/// A few instructions' time, in which a kill may come.
fn linger() {
    for _ in 0..20 {
        std::hint::spin_loop();
    }
}

/// Reads or writes, in one of the ways that there are. Two numbers are equal unless their
/// writer died.
fn use_book(library: &Library, way: usize) -> bool {
    if way.is_multiple_of(2) {
        let taken = match way % 4 {
            0 => library.book.read(),
            _ => library.book.try_read_for(LONG),
        };
        return match taken {
            Ok(book) => {
                let first = book[0];
                linger();
                first == book[1]
            }
            Err(LockError::OwnerDied(book)) => book[0] >= book[1],
            Err(_) => false,
        };
    }
    let taken = match way % 4 {
        1 => library.book.write(),
        _ => library.book.try_write_for(LONG),
    };
    let mut book = match taken {
        Ok(book) => book,
        Err(LockError::OwnerDied(mut book)) => {
            book[1] = book[0];
            book.mark_consistent();
            library.repaired.fetch_add(1);
            book
        }
        Err(_) => return false,
    };
    let equal = book[0] == book[1];
    book[0] += 1;
    linger();
    book[1] += 1;
    equal
}

/// Takes a lock three times, one inside the other.
fn nest(library: &Library, depth: u32) -> bool {
    let guard = match library.nested.lock() {
        Ok(guard) => guard,
        Err(LockError::OwnerDied(guard)) if depth == 1 => {
            guard[1].set(guard[0].get());
            guard.mark_consistent();
            library.repaired.fetch_add(1);
            guard
        }
        Err(_) => return false,
    };
    if guard.depth() != depth {
        return false;
    }
    if depth < 3 {
        return nest(library, depth + 1);
    }
    let equal = guard[0].get() == guard[1].get();
    guard[0].set(guard[0].get() + 1);
    linger();
    guard[1].set(guard[1].get() + 1);
    equal
}

fn in_library(workers: usize, seed: u64, work: fn(&Library, usize) -> bool) -> Outcome {
    let nested = ReentrantMutex::new([Cell::new(0), Cell::new(0)]);
    let library = Shared::new(Library { book: RwLock::new([0, 0]), nested, repaired: Value::new(0) });
    let copy = library.clone();
    let work = move |index| work(&copy, index);
    told(&library.repaired, || survives(workers, FEWER, seed, LONG, work.clone())).map(drop)
}

/// Two seats for four, and one seat for which nobody but its holder may be inside; all come
/// back from the dead.
fn robust_seats(seed: u64) -> Outcome {
    let of = |permits| RobustSemaphore::new(permits).expect("it is allowed");
    let rooms = Rooms { seats: of(2), one: of(1), inside: Value::new(0) };
    let rooms = Shared::new(rooms);
    let copy = rooms.clone();
    survives(4, FEWER, seed, LONG, move |index| {
        let _seat = match index {
            0 => copy.seats.acquire(),
            1 => match copy.seats.acquire_timeout(LONG) {
                Some(seat) => seat,
                None => return false,
            },
            _ => loop {
                match copy.seats.try_acquire() {
                    Some(seat) => break seat,
                    None => std::thread::yield_now(),
                }
            },
        };
        let _one = copy.one.acquire();
        // Whoever died inside left its number; whoever is inside now writes its own.
        let mine = std::process::id();
        copy.inside.set(mine);
        linger();
        copy.inside.get() == mine
    })?;
    // The workers were killed by now, or will be: their seats are back.
    until("that all seats are back", || rooms.seats.value() == 2 && rooms.one.value() == 1)
}

/// A file that one has at a time, each by a descriptor of its own.
fn locked_file(seed: u64) -> Outcome {
    thread_local! { static LOCK: RefCell<Option<FileLock>> = const { RefCell::new(None) } }
    let path = std::env::temp_dir().join(format!("selvedge-kills-{}", std::process::id()));
    let inside = Shared::new(Value::new(0));
    let (copy, file) = (inside.clone(), path.clone());
    let outcome = survives(3, FEWER, seed, LONG, move |index| {
        LOCK.with_borrow_mut(|lock| {
            let lock = lock.get_or_insert_with(|| FileLock::open(&file).expect("the folder is there"));
            let Ok(_held) = (if index == 0 { lock.try_lock_for(LONG) } else { lock.lock() }) else {
                return false;
            };
            // Whoever died inside left its number; whoever is inside now writes its own.
            let mine = std::process::id();
            copy.set(mine);
            linger();
            copy.get() == mine
        })
    });
    drop(std::fs::remove_file(&path));
    outcome
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
    fn a_read_write_lock_survives() {
        holds(1, any::<u64>(), |seed| in_library(4, seed, use_book));
    }

    #[test]
    fn a_reentrant_mutex_survives() {
        holds(1, any::<u64>(), |seed| in_library(3, seed, |library, _| nest(library, 1)));
    }

    #[test]
    fn seats_come_back() {
        holds(1, any::<u64>(), robust_seats);
    }

    #[test]
    fn a_file_lock_survives() {
        holds(1, any::<u64>(), locked_file);
    }

    #[test]
    fn plain_seats_do_not() {
        let shared = Shared::new(Semaphore::new(1));
        is_caught("do not go on", || {
            let copy = shared.clone();
            survives(2, KILLS, 5, Duration::from_secs(1), move |_| {
                let _seat = copy.access();
                linger();
                true
            })
        });
    }

    #[test]
    fn one_of_the_sleepers_is_told() {
        holds(6, 1..=5_usize, one_sleeper_is_told);
    }
}
