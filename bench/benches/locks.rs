//! Are the shipped locks as fast as those of others? Whether they survive their holders, and
//! how soon, the bench `deaths` tells.
//!
//! `cargo bench -p selvedge-bench --bench locks`, about a minute.
//!
//! | figure | selvedge | beside it | bar |
//! |---|---|---|---|
//! | alone, mutex | `Mutex`: lock, add one, unlock, nobody else | std | at most 1.03 times its time |
//! | alone, robust | `RobustMutex`, the same | pthread, process-shared and robust | at most 0.87 times |
//! | alone, read | `RwLock`: read lock, look, unlock | pthread, process-shared | at most its time |
//! | alone, write | the same, writing | pthread, process-shared | for information |
//! | alone, semaphore | `Semaphore`: acquire, add one, release | sem_t, process-shared | at most its time |
//! | alone, robust semaphore | `RobustSemaphore`, the same | sem_t, process-shared | for information |
//! | two | `Mutex` between two processes, 1 us inside, 1 us outside | `parking_lot` between two threads | at least 0.97 times its rate |
//! | two, wait | the longest wait in that | the longest there | below 3 times |
//! | two, robust | `RobustMutex` between two processes, the same work | pthread, process-shared and robust | at least 2 times its rate |
//! | of what a lock allows | the same | one who works inside all the time | for information |
//!
//! Whoever works alone works inside half of the time, and so does pthread's lock as long as who
//! waits for it sleeps: twice that is all that any lock can do. How near pthread comes to that
//! half, or passes it, depends on how soon an idle core wakes.
//!
//! Fairness: rounds are paired, in alternating order; ratios are taken within a round, and
//! the figure is the median. All sides do the same work in the same loop. The parking_lot
//! side runs in threads, because it cannot do otherwise.
//!
//! A word after `--` picks the figures whose names contain it: `alone`, `two`.
//! Run without cargo's `--bench` flag, it makes one short round of each. It decides
//! nothing: exit code 0 in any case.

use selvedge::{Process, RobustMutex, RobustSemaphore, RwLock, Semaphore, Shared, shareable};
use selvedge_bench::pthread;
use selvedge_bench::rounds::{Bar, Paired, measured, median, paired, print_table, row};
use std::cell::Cell;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Instant;

/// Nanoseconds for one call of `operation`.
#[inline(never)]
fn nanoseconds(operations: u32, operation: impl Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..operations {
        operation();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(operations)
}

/// About a microsecond of work, the same number of turns on all sides.
fn microsecond(turns: u32) {
    for _ in 0..turns {
        spin_loop();
    }
}

/// How many turns of the loop above take a microsecond here.
fn turns() -> u32 {
    let each = nanoseconds(200, || microsecond(1_000)) / 1_000.0;
    (1_000.0 / each).max(1.0) as u32
}

shareable! {
    struct Two { plain: selvedge::Mutex<u64>, robust: RobustMutex<u64>, pthread: pthread::Mutex, begun: AtomicU32, longest: AtomicU64 }
}

/// What is done inside the lock.
fn inside(taken: &Cell<Instant>, turns: u32) {
    taken.set(Instant::now());
    microsecond(turns);
}

/// What one of two comes to: takes the lock, works, gives it back, works.
fn work(rounds: u32, turns: u32, two: &Two, locked: impl Fn(&dyn Fn())) {
    two.begun.fetch_add(1, SeqCst);
    while two.begun.load(SeqCst) < 2 {
        spin_loop();
    }
    let mut longest = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        let taken = Cell::new(start);
        locked(&|| inside(&taken, turns));
        longest = longest.max((taken.get() - start).as_nanos() as u64);
        microsecond(turns);
    }
    two.longest.fetch_max(longest, SeqCst);
}

/// Operations a second of both together, and the longest wait in milliseconds.
fn contended(rounds: u32, turns: u32, threads: bool, locked: fn(&Two, &dyn Fn())) -> (f64, f64) {
    let two = Shared::new(Two {
        plain: selvedge::Mutex::new(0),
        robust: RobustMutex::new(0),
        pthread: pthread::Mutex::new(),
        begun: AtomicU32::new(0),
        longest: AtomicU64::new(0),
    });
    let start = Instant::now();
    let other = {
        let two = two.clone();
        move || work(rounds, turns, &two, |inside| locked(&two, inside))
    };
    if threads {
        let thread = std::thread::spawn(other);
        work(rounds, turns, &two, |inside| locked(&two, inside));
        thread.join().expect("the other does not panic");
    } else {
        let child = Process::spawn(other);
        work(rounds, turns, &two, |inside| locked(&two, inside));
        assert!(child.join().expect("a child").success());
    }
    let rate = f64::from(2 * rounds) / start.elapsed().as_secs_f64();
    (rate, two.longest.load(SeqCst) as f64 / 1e6)
}

static PARKING: parking_lot::Mutex<u64> = parking_lot::const_mutex(0);

fn plain(two: &Two, inside: &dyn Fn()) {
    let _guard = two.plain.lock().unwrap();
    inside();
}

fn robust(two: &Two, inside: &dyn Fn()) {
    let _guard = two.robust.lock().unwrap();
    inside();
}

fn pthread(two: &Two, inside: &dyn Fn()) {
    two.pthread.with(inside);
}

fn parking(_: &Two, inside: &dyn Fn()) {
    let _guard = PARKING.lock();
    inside();
}

/// What a lock costs that nobody else wants. The work is to add one, or to read it.
fn alone(rounds: usize, operations: u32) -> Vec<(&'static str, Bar, Paired)> {
    macro_rules! versus {
        ($ours:expr, $theirs:expr) => {
            paired(rounds, || nanoseconds(operations, $ours), || nanoseconds(operations, $theirs))
        };
    }
    let count = Cell::new(0_u64);
    let add = || count.set(black_box(&count).get() + 1);
    let look = || _ = black_box(black_box(&count).get());

    let (mutex, std) = (selvedge::Mutex::new(0_u64), std::sync::Mutex::new(0_u64));
    let mutex = versus!(|| *black_box(&mutex).lock().unwrap() += 1, || *black_box(&std).lock().unwrap() += 1);

    let (robust, pthread) = (RobustMutex::new(0_u64), pthread::Mutex::new());
    let robust = versus!(|| *black_box(&robust).lock().unwrap() += 1, || black_box(&pthread).with(add));

    let (lock, pthread) = (RwLock::new(0_u64), pthread::RwLock::new());
    let read =
        versus!(|| _ = black_box(*black_box(&lock).read().unwrap()), || black_box(&pthread).read(look));
    let write = versus!(|| *black_box(&lock).write().unwrap() += 1, || black_box(&pthread).write(add));

    let (semaphore, sem_t) = (Semaphore::new(1), pthread::Semaphore::new(1));
    let with = || {
        let _permit = black_box(&semaphore).access();
        add();
    };
    let semaphore = versus!(with, || black_box(&sem_t).with(add));
    let robust_semaphore = RobustSemaphore::new(1).expect("one is allowed");
    let with = || {
        let _permit = black_box(&robust_semaphore).acquire();
        add();
    };
    let robust_semaphore = versus!(with, || black_box(&sem_t).with(add));
    vec![
        ("alone, mutex : std", Bar::AtMost(1.03), mutex),
        ("alone, robust : pthread robust", Bar::AtMost(0.87), robust),
        ("alone, read : pthread rdlock", Bar::AtMost(1.0), read),
        ("alone, write : pthread wrlock", Bar::None, write),
        ("alone, semaphore : sem_t", Bar::AtMost(1.0), semaphore),
        ("alone, robust semaphore : sem_t", Bar::None, robust_semaphore),
    ]
}

fn main() {
    let long = measured();
    let (rounds, operations, pairs, works) =
        if long { (41, 2_000_000, 21, 60_000) } else { (1, 1_000, 1, 1_000) };
    let mut table = vec![row(["figure", "selvedge", "beside it", "ratio", "bar", ""])];
    let mut add = |name: &str, ours: f64, theirs: f64, ratio: f64, bar: Bar, unit: &str| {
        let [bar, verdict] = bar.columns(ratio, 2);
        let cells =
            [format!("{ours:.2} {unit}"), format!("{theirs:.2} {unit}"), format!("{ratio:.3}"), bar, verdict];
        table.push([vec![name.to_owned()], cells.to_vec()].concat());
    };

    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |figure: &str| wanted.is_empty() || wanted.iter().any(|word| figure.contains(word.as_str()));

    if wants("alone") {
        for (name, bar, figure) in alone(rounds, operations) {
            add(name, figure.ours, figure.theirs, figure.ratio, bar, "ns");
        }
    }

    let turns = turns();
    let two = |threads, locked| contended(works, turns, threads, locked);
    let mut compare = |names: [&str; 2], ours: fn(&Two, &dyn Fn()), theirs, threads, bar, wait| {
        if !wants(names[0]) {
            return;
        }
        let mut figures = Vec::new();
        let taken = Cell::new(Instant::now());
        let mut limits = Vec::new();
        for round in 0..pairs {
            limits.push(nanoseconds(works, || inside(&taken, turns)));
            figures.push(if round % 2 == 0 {
                let first = two(false, ours);
                (first, two(threads, theirs))
            } else {
                let first = two(threads, theirs);
                (two(false, ours), first)
            });
        }
        type Sides = ((f64, f64), (f64, f64));
        let of = |pick: fn(&Sides) -> f64| median(figures.iter().map(pick));
        let (rate, other) = (of(|f| f.0.0), of(|f| f.1.0));
        add(names[0], rate / 1e3, other / 1e3, of(|f| f.0.0 / f.1.0), bar, "k/s");
        // Between rounds, so that all are taken on the machine as it was then.
        let most = 1e9 / median(limits.iter().copied());
        add("  of what a lock allows", rate / 1e3, most / 1e3, rate / most, Bar::None, "k/s");
        add(names[1], of(|f| f.0.1), of(|f| f.1.1), of(|f| f.0.1 / f.1.1), wait, "ms");
    };
    let names = ["two, plain : parking_lot threads", "  longest wait"];
    compare(names, plain, parking, true, Bar::AtLeast(0.97), Bar::AtMost(3.0));
    let names = ["two, robust : pthread robust", "  longest wait"];
    compare(names, robust, pthread, false, Bar::AtLeast(2.0), Bar::None);

    for rival in ["boost interprocess_mutex", "iceoryx2 robust mutex"] {
        // Not among what this package can be built with.
        table.push(row([&format!("two : {rival}"), "-", "absent", "-", "-", "-"]));
    }
    print_table(&table);
}
