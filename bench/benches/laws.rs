//! Does every primitive keep its basic law under stress?
//!
//! `cargo bench -p selvedge-bench --bench laws`, ten seconds for each primitive: two to eight
//! real processes, round after round. The programs are those of `tests/basic_laws.rs`, where
//! they run shortly and under the scheduler.
//!
//! Words after `--` pick the primitives whose names contain one of them. Run without cargo's
//! `--bench` flag, it makes one short round of each. A law that is broken is a panic.

use selvedge_bench::rounds::{measured, print_table, row};
use std::time::{Duration, Instant};

/// Over real processes.
mod native {
    use selvedge::*;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    include!("../../tests/laws/programs.rs");
}

const BUDGET: Duration = Duration::from_secs(10);

fn main() {
    let long = measured();
    let (budget, rounds) = if long { (BUDGET, 500) } else { (Duration::ZERO, 20) };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut table = vec![row(["primitive", "law", "runs", "seconds", ""])];
    for law in native::LAWS {
        if !wanted.is_empty() && !wanted.iter().any(|word| law.primitive.contains(word.as_str())) {
            continue;
        }
        let (start, mut runs) = (Instant::now(), 0_u32);
        loop {
            (law.program)(2 + runs % 7, rounds);
            runs += 1;
            if start.elapsed() >= budget {
                break;
            }
        }
        let seconds = format!("{:.1}", start.elapsed().as_secs_f64());
        table.push(row([law.primitive, law.says, &runs.to_string(), &seconds, "holds"]));
    }
    print_table(&table);
}
