//! Are events, barriers and conditions as fast as those of others, and do they get over a
//! death in good time?
//!
//! `cargo bench -p selvedge-bench --bench signals`, about half a minute.
//!
//! | figure | selvedge | beside it | bar |
//! |---|---|---|---|
//! | alone, event | set, wait, clear, nobody else | the same, of a pthread mutex and condition variable, process-shared | at most 1.0 times its time |
//! | alone, barrier | one party waits | pthread's, process-shared | at most 1.0 times its time |
//! | ping-pong, two cores | two processes set each other's event | two eventfds | at least 50 times its rate |
//! | ping-pong, one core | the same, both on one core | a bare futex | at least 0.9 times its rate |
//! | barrier, two cores | two processes meet again and again | pthread's, process-shared | for information |
//! | kill, once | from SIGKILL of whoever makes a value to the end of another one's wait | | below 1 ms |
//! | kill, condition | from SIGKILL of a notified waiter to the return of another one | | below 1 ms |
//!
//! Fairness: rounds are paired, in alternating order; ratios are taken within a round, and
//! the figure is the median. Both sides do the same in the same loop. In a ping-pong, both
//! processes are pinned, and the first rounds are not counted. Rounds are timed sixteen at a
//! time, and the tenth part that was disturbed least decides, on both sides: on a machine
//! that others use too, the rest says how busy those are.
//!
//! A word after `--` picks the figures whose names contain it: `alone`, `ping`, `two`, `one`,
//! `barrier`, `kill`. Run without cargo's `--bench` flag, it makes one short round of each. It decides
//! nothing: exit code 0 in any case.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::unistd::{Pid, read};
use selvedge::sys::{clock, futex};
use selvedge::{
    Barrier, Condvar, Event, LockError, OnceCell, Process, RobustMutex, Shared, Value, shareable,
};
use selvedge_bench::pthread_signals as pthread;
use selvedge_bench::rounds::{Bar, Paired, measured, median, paired, print_table, row};
use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

/// Nanoseconds for one call of `operation`.
#[inline(never)]
fn nanoseconds(operations: u32, operation: impl Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..operations {
        operation();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(operations)
}

/// The cores that this process may use.
fn cores() -> Vec<usize> {
    let allowed = sched_getaffinity(Pid::from_raw(0)).expect("a process may ask for its cores");
    (0..CpuSet::count()).filter(|&core| allowed.is_set(core).unwrap_or(false)).collect()
}

fn pin(core: usize) {
    let mut one = CpuSet::new();
    one.set(core).expect("the core is in range");
    sched_setaffinity(Pid::from_raw(0), &one).expect("a process may give cores up");
}

shareable! {
    struct Table {
        events: [Event; 2],
        turns: [AtomicU32; 2],
        barrier: Barrier,
        pthread: pthread::Barrier,
        picoseconds: Value<u64>,
    }
}

fn table() -> Shared<Table> {
    Shared::new(Table {
        events: [Event::new(), Event::new()],
        turns: [AtomicU32::new(0), AtomicU32::new(0)],
        barrier: Barrier::new(2),
        pthread: pthread::Barrier::new(2),
        picoseconds: Value::new(0),
    })
}

/// So many rounds are timed together.
const BATCH: u32 = 16;

/// Nanoseconds for a round of two processes, on these cores, that each do `turn`.
fn two(cores: [usize; 2], rounds: u32, turn: impl Fn(&Table, usize) + Send + Sync + 'static) -> f64 {
    let (table, turn) = (table(), Arc::new(turn));
    let children = [0, 1].map(|me| {
        let (table, turn) = (table.clone(), Arc::clone(&turn));
        Process::spawn(move || {
            pin(cores[me]);
            (0..rounds / 10).for_each(|_| turn(&table, me));
            let batch = |_| nanoseconds(BATCH, || turn(&table, me));
            let mut batches: Vec<f64> = (0..rounds / BATCH).map(batch).collect();
            batches.sort_by(f64::total_cmp);
            if me == 0 {
                table.picoseconds.set((batches[batches.len() / 10] * 1e3) as u64);
            }
        })
    });
    for child in children {
        assert!(child.join().expect("a child").success());
    }
    table.picoseconds.get() as f64 / 1e3
}

/// What each does in a ping-pong of events: sets the other's, waits for its own.
fn events(table: &Table, me: usize) {
    let own = &table.events[me];
    if me == 0 {
        table.events[1].set();
    }
    own.wait();
    own.clear();
    if me == 1 {
        table.events[0].set();
    }
}

/// The same with a futex and nothing around it.
fn bare(table: &Table, me: usize) {
    let give = || {
        table.turns[1 - me].store(1, Release);
        futex::wake(&table.turns[1 - me], 1);
    };
    if me == 0 {
        give();
    }
    while table.turns[me].swap(0, Acquire) == 0 {
        futex::wait(&table.turns[me], 0, None);
    }
    if me == 1 {
        give();
    }
}

/// The same with two eventfds.
fn eventfds() -> impl Fn(&Table, usize) + Send + Sync + 'static {
    let fds = [0; 2].map(|_| EventFd::from_flags(EfdFlags::empty()).expect("an eventfd"));
    move |_, me| {
        let give = || _ = fds[1 - me].write(1).expect("an eventfd takes a number");
        if me == 0 {
            give();
        }
        read(&fds[me], &mut [0; 8]).expect("an eventfd gives a number");
        if me == 1 {
            give();
        }
    }
}

/// Waits until a child sleeps.
fn until_asleep(child: &Process) {
    let stat = format!("/proc/{}/stat", child.pid().expect("it was started"));
    while !std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") S ")) {
        spin_loop();
    }
}

fn for_ever() -> ! {
    loop {
        selvedge::sleep(Duration::from_secs(60));
    }
}

shareable! {
    struct Grave { cell: OnceCell<u64>, begun: Event, woken: Value<u64>, open: RobustMutex<bool>, changed: Condvar }
}

fn grave() -> Shared<Grave> {
    Shared::new(Grave {
        cell: OnceCell::new(),
        begun: Event::new(),
        woken: Value::new(0),
        open: RobustMutex::new(false),
        changed: Condvar::new(),
    })
}

/// Kills `victim` and says how many microseconds later `other` was released.
fn from_kill(grave: &Grave, victim: &Process, other: &Process) -> f64 {
    let killed = clock::monotonic();
    victim.kill().expect("a child can be killed");
    other.join().expect("a child");
    victim.join().expect("a child");
    (grave.woken.get() - killed) as f64 / 1e3
}

/// Whoever makes a value is killed; another one waits for it.
fn maker_killed() -> f64 {
    let grave = grave();
    let copy = grave.clone();
    let maker = Process::spawn(move || {
        copy.cell.get_or_init(|| {
            copy.begun.set();
            for_ever()
        });
    });
    grave.begun.wait();
    let copy = grave.clone();
    let other = Process::spawn(move || {
        copy.cell.get_or_init(|| 1);
        copy.woken.set(clock::monotonic());
    });
    until_asleep(&other);
    from_kill(&grave, &maker, &other)
}

/// A waiter is notified and killed before it has its lock back, which this process holds;
/// another one waits.
fn waiter_killed() -> f64 {
    let grave = grave();
    let start = || {
        let copy = grave.clone();
        let child = Process::spawn(move || {
            let mut taken = copy.open.lock();
            loop {
                match taken.map(|open| copy.changed.wait_while(open, |open| !*open)) {
                    Ok(Ok(_)) => break,
                    Ok(Err(LockError::OwnerDied(mut open))) | Err(LockError::OwnerDied(mut open)) => {
                        open.mark_consistent();
                        taken = Ok(open);
                    }
                    Ok(Err(error)) | Err(error) => panic!("{error}"),
                }
            }
            copy.woken.set(clock::monotonic());
        });
        until_asleep(&child);
        child
    };
    let (victim, other) = (start(), start());
    let mut open = grave.open.lock().expect("nobody died yet");
    *open = true;
    grave.changed.notify_one();
    // The victim is on its way to the lock, which it cannot get before it is killed.
    let killed = clock::monotonic();
    victim.kill().expect("a child can be killed");
    drop(open);
    other.join().expect("a child");
    victim.join().expect("a child");
    (grave.woken.get() - killed) as f64 / 1e3
}

fn main() {
    let long = measured();
    let (rounds, operations, pairs, trips) = if long { (41, 100_000, 15, 8_000) } else { (1, 1_000, 1, 100) };
    let mut rows = vec![row(["figure", "selvedge", "beside it", "ratio", "bar", ""])];
    let mut add = |name: &str, ours: f64, theirs: f64, ratio: f64, bar: Bar, unit: &str| {
        let [bar, verdict] = bar.columns(ratio, 2);
        let cells =
            [format!("{ours:.2} {unit}"), format!("{theirs:.2} {unit}"), format!("{ratio:.3}"), bar, verdict];
        rows.push([vec![name.to_owned()], cells.to_vec()].concat());
    };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |figure: &str| wanted.is_empty() || wanted.iter().any(|word| figure.contains(word.as_str()));

    if wants("alone") {
        let (ours, theirs) = (Event::new(), pthread::Event::new());
        macro_rules! once {
            ($event:expr) => {
                || {
                    black_box(&$event).set();
                    black_box(&$event).wait();
                    black_box(&$event).clear();
                }
            };
        }
        let event = paired(
            rounds,
            || nanoseconds(operations, once!(ours)),
            || nanoseconds(operations, once!(theirs)),
        );
        add("alone, event : pthread", event.ours, event.theirs, event.ratio, Bar::AtMost(1.0), "ns");
        let (ours, theirs) = (Barrier::new(1), pthread::Barrier::new(1));
        let pass = || _ = black_box(&ours).wait();
        let barrier = paired(
            rounds,
            || nanoseconds(operations, pass),
            || nanoseconds(operations, || black_box(&theirs).wait()),
        );
        add("alone, barrier : pthread", barrier.ours, barrier.theirs, barrier.ratio, Bar::AtMost(1.0), "ns");
    }

    let cores = cores();
    let (one, both) = ([cores[0]; 2], [cores[0], cores[cores.len() - 1]]);
    // Times are for a round; a rate is as much higher as the time is lower.
    let inverse = |figure: &Paired| 1.0 / figure.ratio;
    if wants("ping, two cores") && cores.len() > 1 {
        let figure = paired(pairs, || two(both, trips, events), || two(both, trips / 4, eventfds()));
        let name = "ping-pong, two cores : eventfd";
        add(name, figure.ours, figure.theirs, inverse(&figure), Bar::AtLeast(50.0), "ns");
        let figure = paired(pairs, || two(both, trips, events), || two(both, trips / 4, bare));
        let name = "ping-pong, two cores : bare futex";
        add(name, figure.ours, figure.theirs, inverse(&figure), Bar::None, "ns");
    }
    if wants("ping, one core") {
        let figure = paired(pairs, || two(one, trips, events), || two(one, trips, bare));
        let name = "ping-pong, one core : bare futex";
        add(name, figure.ours, figure.theirs, inverse(&figure), Bar::AtLeast(0.9), "ns");
    }
    if wants("barrier") && cores.len() > 1 {
        let ours = |table: &Table, _| _ = table.barrier.wait();
        let theirs = |table: &Table, _| table.pthread.wait();
        let figure = paired(pairs, || two(both, trips, ours), || two(both, trips, theirs));
        add("barrier, two cores : pthread", figure.ours, figure.theirs, inverse(&figure), Bar::None, "ns");
    }
    if wants("kill") {
        for (name, killed) in [
            ("kill, once : a millisecond (worst beside)", maker_killed as fn() -> f64),
            ("kill, condition : a millisecond (worst beside)", waiter_killed),
        ] {
            let times: Vec<f64> = (0..if long { 101 } else { 1 }).map(|_| killed()).collect();
            let (time, worst) = (median(times.iter().copied()), times.iter().copied().fold(0.0, f64::max));
            add(name, time, worst, time / 1e3, Bar::AtMost(1.0), "us");
        }
    }
    print_table(&rows);
}
