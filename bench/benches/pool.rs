//! What a task costs in a pool, beside Python's `multiprocessing.Pool`.
//!
//! Three rows: a map of 100,000 squares, the same with chunks of one, and 1,000 tasks of
//! 100 us on two workers. Each is measured here and by `python3` in the same run, the best of
//! some rounds, as many on both sides; where there is no `python3`, its column says `absent`.
//! The tasks of 100 us are also measured beside two processes that have half of them each and
//! no pool: on a machine that others use too, that is what there is to be had of two cores.
//!
//! When a worker dies here, the row ends with its error.

use selvedge::{Pool, Process};
use std::fmt::Display;
use std::process::Command;
use std::time::{Duration, Instant};

const ITEMS: u64 = 100_000;
/// Rounds of the short row, and of the long ones. The memory of the queues grows in the first
/// few.
const MANY: usize = 15;
const FEW: usize = 3;
const WORKERS: usize = 2;

const PYTHON: &str = r"
import sys, time
from multiprocessing import Pool
def square(x):
    return x * x
def busy(_):
    end = time.perf_counter() + 100e-6
    while time.perf_counter() < end:
        pass
def best(rounds, body):
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        body()
        times.append(time.perf_counter() - begin)
    return min(times)
if __name__ == '__main__':
    with Pool(2) as pool:
        pool.map(square, range(100))
        print(best(15, lambda: pool.map(square, range(100000))))
        print(best(3, lambda: pool.map(square, range(100000), chunksize=1)))
        print(best(3, lambda: pool.map(busy, range(1000))))
";

/// 100 us of work, by the clock of the processor's time.
fn busy(_: u32) {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_micros(100) {
        std::hint::spin_loop();
    }
}

fn best(rounds: usize, mut body: impl FnMut()) -> f64 {
    let mut once = || {
        let begin = Instant::now();
        body();
        begin.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// Python's three times in seconds; `None` if there is no Python.
fn python() -> Option<Vec<f64>> {
    let output = Command::new("python3").args(["-c", PYTHON]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let times: Vec<f64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    (output.status.success() && times.len() == 3).then_some(times)
}

fn or_absent(value: Option<impl Display>) -> String {
    value.map_or("absent".to_owned(), |value| value.to_string())
}

fn main() {
    let pool = Pool::new(WORKERS).expect("a pool");
    let expected: Vec<u64> = (0..ITEMS).map(|x| x * x).collect();
    let map = best(MANY, || assert_eq!(pool.map(|x: u64| x * x, 0..ITEMS).unwrap(), expected));
    let single = best(FEW, || assert_eq!(pool.map_chunked(|x: u64| x * x, 0..ITEMS, 1).unwrap(), expected));
    let tasks = best(FEW, || drop(pool.map_chunked(busy, 0..1000, 1).unwrap()));
    let bare = best(FEW, || {
        let halves = [0; WORKERS].map(|_| Process::spawn(|| (0..1000 / WORKERS as u32).for_each(busy)));
        halves.into_iter().for_each(|half| assert!(half.join().expect("a child").success()));
    });
    drop(pool);
    let python = python();
    println!("{:24} {:>12} {:>12} {:>8}", "row", "ours (ms)", "python (ms)", "ratio");
    for (place, (row, ours)) in
        [("map of 100,000", map), ("the same, chunks of 1", single), ("1,000 tasks of 100 us", tasks)]
            .into_iter()
            .enumerate()
    {
        let theirs = python.as_ref().map(|times| times[place]);
        let ratio = or_absent(theirs.map(|theirs| format!("{:.1}", theirs / ours)));
        let theirs = or_absent(theirs.map(|theirs| format!("{:.2}", theirs * 1e3)));
        println!("{row:24} {:>12.2} {theirs:>12} {ratio:>8}", ours * 1e3);
    }
    let share = |seconds: f64| 0.1 / (WORKERS as f64 * seconds);
    println!("share of {WORKERS} cores that the tasks of 100 us had: {:.3}", share(tasks));
    println!("the same of two processes without a pool: {:.3}", share(bare));
}
