//! Is the shipped mutex as fast as std's?
//!
//! Measures lock, add one, unlock, without contention, of `selvedge::Mutex<u64>` and
//! `std::sync::Mutex<u64>`. The two are measured in pairs, one right after the other and in
//! alternating order, and the ratio is taken within each pair: whatever else the machine
//! does then hits both. The median of the ratios is the figure; the bar is 1.03.
//!
//! Run by `cargo bench`. Without cargo's `--bench` flag it makes one short round, so that a
//! test of all targets only finds out whether it runs. It decides nothing: exit code 0 in any
//! case.

use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 41;
const OPERATIONS: u32 = 2_000_000;
const BAR: f64 = 1.03;

/// Nanoseconds for one call of `operation`.
#[inline(never)]
fn nanoseconds(operations: u32, operation: impl Fn()) -> f64 {
    let start = Instant::now();
    for _ in 0..operations {
        operation();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(operations)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (rounds, operations) = if measured { (ROUNDS, OPERATIONS) } else { (1, 1_000) };

    let ours = selvedge::Mutex::new(0_u64);
    let stds = std::sync::Mutex::new(0_u64);
    let measure_ours = || nanoseconds(operations, || *black_box(&ours).lock().unwrap() += 1);
    let measure_stds = || nanoseconds(operations, || *black_box(&stds).lock().unwrap() += 1);

    // The first pair warms up and is thrown away.
    let mut pairs = Vec::new();
    for round in 0..=rounds {
        pairs.push(if round % 2 == 0 {
            let first = measure_ours();
            (first, measure_stds())
        } else {
            let first = measure_stds();
            (measure_ours(), first)
        });
    }
    let pairs = &pairs[1..];

    let ratio = median(pairs.iter().map(|(ours, stds)| ours / stds).collect());
    println!("lock, add, unlock without contention, {rounds} pairs of {operations} operations");
    println!("selvedge::Mutex   {:8.2} ns", median(pairs.iter().map(|pair| pair.0).collect()));
    println!("std::sync::Mutex  {:8.2} ns", median(pairs.iter().map(|pair| pair.1).collect()));
    let verdict = if ratio <= BAR { "within" } else { "ABOVE" };
    println!("ratio             {ratio:8.3}    {verdict} the bar of {BAR}");
}
