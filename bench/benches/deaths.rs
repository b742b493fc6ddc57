//! How long after a holder's SIGKILL does the next one have the lock, and do all others go
//! on after a thousand kills?
//!
//! `cargo bench -p selvedge-bench --bench deaths`, about half a minute.
//!
//! | figure | what is measured | bar |
//! |---|---|---|
//! | wake, ... | from SIGKILL of a holder to the return of a sleeper's call, median (worst beside) | below 1 ms |
//! | kills, ... | how many of a thousand kills at random moments the others survived | all |
//!
//! In each round of `kills` three processes take, use and give back as fast as they can; one
//! of them is killed and replaced, and the other two must come to the end of a turn that
//! they began after that. pthread's robust mutex goes through both, as the rival that
//! survives too; its plain locks, sem_t, boost's and Python's never wake (see
//! `docs/deaths.md`) and are not waited for.
//!
//! A word after `--` picks the figures whose names contain it. Run without cargo's `--bench`
//! flag, it makes one short round of each. It decides nothing: exit code 0 in any case.

use selvedge::{
    Array, FileLock, PlainQueue, Process, ReentrantMutex, RobustMutex, RobustSemaphore, RwLock, Shared,
    Value, shareable,
};
use selvedge_bench::pthread;
use selvedge_bench::rounds::{Bar, measured, median, print_table, row};
use std::hint::spin_loop;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

shareable! {
    struct Grave {
        robust: RobustMutex<u64>,
        nested: ReentrantMutex<u64>,
        book: RwLock<u64>,
        seats: RobustSemaphore,
        pthread: pthread::Mutex,
        held: Value<u32>,
        woken: Value<u64>,
    }
}

fn grave() -> Shared<Grave> {
    Shared::new(Grave {
        robust: RobustMutex::new(0),
        nested: ReentrantMutex::new(0),
        book: RwLock::new(0),
        seats: RobustSemaphore::new(1).expect("one is allowed"),
        pthread: pthread::Mutex::new(),
        held: Value::new(0),
        woken: Value::new(0),
    })
}

/// Made before the processes that use it. Whoever dies between its put and its get leaves an
/// item too many.
static QUEUE: LazyLock<PlainQueue<u64>> = LazyLock::new(|| PlainQueue::bounded(4096));

/// Runs its argument with a lock; what a dead holder left is repaired.
type With = fn(&Grave, &mut dyn FnMut());

fn robust(grave: &Grave, inside: &mut dyn FnMut()) {
    let _guard = grave.robust.lock_or_repair(|_| ());
    inside();
}

fn nested(grave: &Grave, inside: &mut dyn FnMut()) {
    let guard = grave.nested.lock().unwrap_or_else(|error| error.into_guard().expect("it is repaired"));
    guard.mark_consistent();
    let _again = grave.nested.lock();
    inside();
}

fn read(grave: &Grave, inside: &mut dyn FnMut()) {
    let _guard = grave.book.read();
    inside();
}

fn write(grave: &Grave, inside: &mut dyn FnMut()) {
    let mut guard = grave.book.write().unwrap_or_else(|error| error.into_guard().expect("it is repaired"));
    guard.mark_consistent();
    inside();
}

fn putting(_: &Grave, inside: &mut dyn FnMut()) {
    let put = QUEUE.put_with(|place| {
        inside();
        place.write(1)
    });
    put.expect("it is open");
    QUEUE.get().expect("the item of this put, or of another one");
}

fn seat(grave: &Grave, inside: &mut dyn FnMut()) {
    let _seat = grave.seats.acquire();
    inside();
}

fn pthread(grave: &Grave, inside: &mut dyn FnMut()) {
    grave.pthread.with_repair(inside);
}

/// Each process opens the file anew, as processes do.
fn file(_: &Grave, inside: &mut dyn FnMut()) {
    thread_local! {
        static LOCK: std::cell::RefCell<Option<FileLock>> = const { std::cell::RefCell::new(None) };
    }
    LOCK.with_borrow_mut(|lock| {
        let lock = lock.get_or_insert_with(|| FileLock::open(path()).expect("a file can be opened"));
        let _guard = lock.lock().expect("it can be locked");
        inside();
    });
}

fn path() -> std::path::PathBuf {
    std::env::temp_dir().join("selvedge-bench-deaths.lock")
}

/// What is killed, what waits, under one name.
const KINDS: [(&str, With, With); 9] = [
    ("robust mutex", robust, robust),
    ("reentrant mutex", nested, nested),
    ("reader, then a writer", read, write),
    ("writer, then a reader", write, read),
    ("writer, then a writer", write, write),
    ("permit of a robust semaphore", seat, seat),
    ("lock of a file", file, file),
    ("queue, in a put", putting, putting),
    ("pthread robust", pthread, pthread),
];

/// Microseconds from the kill of a holder to the return of a sleeper's call.
fn from_kill_to_wake(hold: With, wait: With) -> f64 {
    let grave = grave();
    let now = selvedge::sys::clock::monotonic;
    let copy = grave.clone();
    let holder = Process::spawn(move || {
        hold(&copy, &mut || {
            copy.held.set(1);
            loop {
                selvedge::sleep(Duration::from_secs(60));
            }
        });
    });
    while grave.held.get() == 0 {
        spin_loop();
    }
    let copy = grave.clone();
    let waiter = Process::spawn(move || {
        copy.held.set(2);
        wait(&copy, &mut || copy.woken.set(now()));
    });
    let stat = format!("/proc/{}/stat", waiter.pid().expect("it was started"));
    let sleeps = || std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") S "));
    while grave.held.get() < 2 || !sleeps() {
        spin_loop();
    }
    let killed = now();
    holder.kill().expect("a child can be killed");
    waiter.join().expect("a child");
    holder.join().expect("a child");
    (grave.woken.get().saturating_sub(killed)) as f64 / 1e3
}

/// How many of `kills` the others survived.
fn survived(kills: usize, one: With, other: With) -> usize {
    let (grave, turns): (_, Array<u64>) = (grave(), Array::new(3));
    let start = |index: usize| {
        let (grave, turns) = (grave.clone(), turns.clone());
        Process::spawn(move || {
            let with = if index == 0 { one } else { other };
            loop {
                with(&grave, &mut || (0..20).for_each(|_| spin_loop()));
                turns.fetch_add(index, 1);
            }
        })
    };
    let mut family: Vec<Process> = (0..3).map(start).collect();
    let mut moment = 1_u64;
    let mut survived = 0;
    for kill in 0..kills {
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let end = Instant::now() + Duration::from_nanos((moment >> 33) % 200_000);
        while Instant::now() < end {
            spin_loop();
        }
        let victim = kill % 3;
        family[victim].kill().expect("a child can be killed");
        family[victim].join().expect("a child");
        let before = turns.to_vec();
        // Two ends: the first turn may have been past its waiting already.
        let go_on = || (0..3).all(|index| index == victim || turns.get(index) > before[index] + 1);
        let deadline = Instant::now() + Duration::from_secs(5);
        while !go_on() && Instant::now() < deadline {
            std::thread::yield_now();
        }
        if !go_on() {
            break;
        }
        survived += 1;
        family[victim] = start(victim);
    }
    for process in &family {
        process.kill().expect("a child can be killed");
        process.join().expect("a child");
    }
    survived
}

fn main() {
    let (wakes, kills) = if measured() { (101, 1_000) } else { (1, 3) };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |figure: &str| wanted.is_empty() || wanted.iter().any(|word| figure.contains(word.as_str()));
    LazyLock::force(&QUEUE);
    let mut table = vec![row(["figure", "selvedge", "worst", "bar", ""])];
    for (kind, hold, wait) in KINDS {
        let name = format!("wake, {kind}");
        if wants(&name) {
            let figures: Vec<f64> = (0..wakes).map(|_| from_kill_to_wake(hold, wait)).collect();
            let (wake, worst) =
                (median(figures.iter().copied()), figures.iter().copied().fold(0.0, f64::max));
            let [bar, verdict] = Bar::AtMost(1_000.0).columns(wake, 0);
            table.push(vec![name, format!("{wake:.0} us"), format!("{worst:.0} us"), bar, verdict]);
        }
    }
    for (kind, one, other) in KINDS {
        let name = format!("kills, {kind}");
        if wants(&name) {
            let count = survived(kills, one, other);
            let [bar, verdict] = Bar::AtLeast(kills as f64).columns(count as f64, 0);
            table.push(vec![name, format!("{count} of {kills}"), "-".to_owned(), bar, verdict]);
        }
    }
    // Another bench may be at work with the same file: it keeps its open one.
    let _ = std::fs::remove_file(path());
    print_table(&table);
}
