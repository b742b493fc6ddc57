//! How many instructions does an execution cost?
//!
//! `cargo bench -p selvedge-bench --bench instructions`, about three minutes. Wants
//! `valgrind`; prints `absent` where there is none.
//!
//! Runs each program of `subject` on each side twice under valgrind's cachegrind (its
//! instruction counter alone, no cache model), with 100 and with 600 executions. The
//! difference divided by 500 is what an execution costs once everything is warm: the start
//! of the process, of the engine and its stacks cancels out. The bar for (i) is 10,000.
//!
//! A second table shows that a step costs no more because of tasks that cannot go on: ten
//! tasks work beside 900 that wait for what they change, or that ended, and beside 90. The
//! price of a step is what more changes cost in an execution; the bar is 1.2 times that beside
//! 90 (`surw` finds a task among n in log n steps; nothing else depends on how many there are).
//!
//! Fairness: the same programs, sides and settings as in `explorer`, through the binary
//! `one`. User-space instructions only; neither side makes system calls while it explores.
//! Switches between stacks do not disturb a plain count (a call graph would be confused by
//! them). The counts hardly depend on the machine: the C library chooses some routines by
//! processor.
//!
//! Exit code 1 if a bar fails, for a count is no matter of luck; 0 if valgrind is absent.
//! Run without cargo's `--bench` flag, it counts one program only.

use selvedge_bench::crowd::{Crowd, WORKERS};
use selvedge_bench::rounds::{Bar, measured, print_table, row};
use selvedge_bench::subject::Subject;
use std::io::ErrorKind;
use std::process::{Command, ExitCode};

const FEW: u64 = 100;
const MANY: u64 = 600;
const BAR: Bar = Bar::AtMost(10_000.0);
const CROWDED: Bar = Bar::AtMost(1.2);
const STRATEGIES: [&str; 7] = ["random", "pct:3", "pos", "urw", "surw", "delay:2", "portfolio"];
const SIDES: [&str; 3] = ["static", "dynamic", "shuttle"];

/// Why there is no count.
enum Trouble {
    Absent,
    Other(String),
}

impl Trouble {
    fn exit(self) -> ExitCode {
        match self {
            Trouble::Absent => {
                println!("absent: there is no valgrind to count instructions with");
                ExitCode::SUCCESS
            }
            Trouble::Other(message) => {
                eprintln!("instructions: {message}");
                ExitCode::from(70)
            }
        }
    }
}

/// Instructions of a process that runs so many executions.
fn instructions(side: &str, program: &str, executions: u64) -> Result<u64, Trouble> {
    let arguments = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"];
    let output = Command::new("valgrind")
        .args(arguments)
        .args([env!("CARGO_BIN_EXE_one"), side, program, &executions.to_string()])
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => Trouble::Absent,
            _ => Trouble::Other(format!("valgrind cannot be run: {error}")),
        })?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().rev().find_map(|line| {
        let (_, count) = line.split_once("refs:")?;
        count.trim().replace(',', "").parse().ok()
    });
    match count {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(Trouble::Other(format!(
            "valgrind gave no count for {side} {program} ({}): {}",
            output.status,
            text.lines().last().unwrap_or("no output")
        ))),
    }
}

/// Instructions of one step of a strategy beside a crowd.
fn price(strategy: &str, crowd: &str, size: usize) -> Result<f64, Trouble> {
    const CHANGES: [u64; 2] = [20, 60];
    const EXECUTIONS: [u64; 2] = [2, 8];
    eprintln!("instructions: {strategy}, a crowd of {size} {crowd}");
    let side = format!("crowd:{strategy}");
    // What pilot runs and the first execution cost cancels out, as do beginnings and ends.
    let execution = |changes: u64| -> Result<u64, Trouble> {
        let program = format!("{crowd},{size},{changes}");
        let few = instructions(&side, &program, EXECUTIONS[0])?;
        Ok(instructions(&side, &program, EXECUTIONS[1])?.saturating_sub(few))
    };
    let more = execution(CHANGES[1])?.saturating_sub(execution(CHANGES[0])?);
    let changes = u64::from(WORKERS) * (CHANGES[1] - CHANGES[0]) * (EXECUTIONS[1] - EXECUTIONS[0]);
    Ok(more as f64 / (2 * changes) as f64)
}

/// What a step costs beside crowds.
fn crowds() -> Result<(Vec<Vec<String>>, bool), Trouble> {
    let mut rows = vec![row(["strategy", "crowd", "of 900", "of 90", "ratio", "bar", ""])];
    let mut verdicts = true;
    for strategy in STRATEGIES {
        for (crowd, _) in Crowd::ALL {
            let (few, many) = (price(strategy, crowd, 90)?, price(strategy, crowd, 900)?);
            let ratio = many / few.max(1.0);
            let [bar, verdict] = CROWDED.columns(ratio, 1);
            verdicts &= verdict == "holds";
            let figures = [format!("{many:.0}"), format!("{few:.0}"), format!("{ratio:.2}"), bar, verdict];
            rows.push([row([strategy, crowd]), figures.to_vec()].concat());
        }
    }
    Ok((rows, verdicts))
}

/// Instructions of one warm execution.
fn cost(side: &str, program: &str) -> Result<u64, Trouble> {
    eprintln!("instructions: {program}, {side}");
    let few = instructions(side, program, FEW)?;
    let many = instructions(side, program, MANY)?;
    Ok(many.saturating_sub(few) / (MANY - FEW))
}

fn table() -> Result<(Vec<Vec<String>>, bool), Trouble> {
    let mut rows =
        vec![row(["program", "static", "dynamic", "shuttle", "shuttle/static", "shuttle/dynamic"])];
    let mut verdicts = true;
    let mut bars = Vec::new();
    let all = if measured() { &Subject::ALL[..] } else { &Subject::ALL[..1] };
    for (name, subject) in all {
        let mut counts = [0; SIDES.len()];
        for (slot, side) in counts.iter_mut().zip(SIDES) {
            *slot = cost(side, name)?;
        }
        let [declared, dynamic, shuttle] = counts;
        let times = |ours: u64| format!("{:.2}", shuttle as f64 / ours.max(1) as f64);
        let mut cells: Vec<String> = vec![(*name).to_owned()];
        cells.extend(counts.iter().map(u64::to_string));
        cells.extend([times(declared), times(dynamic)]);
        rows.push(cells);
        if *subject == Subject::Update {
            for (form, count) in [("static", declared), ("dynamic", dynamic)] {
                let [bar, verdict] = BAR.columns(count as f64, 0);
                verdicts &= verdict == "holds";
                bars.push(vec![format!("{name}, {form}"), count.to_string(), bar, verdict]);
            }
        }
    }
    rows.push(Vec::new());
    rows.extend(bars);
    Ok((rows, verdicts))
}

fn main() -> ExitCode {
    match table() {
        Ok((rows, holds)) => {
            let gap = rows.iter().position(Vec::is_empty).unwrap_or(rows.len());
            print_table(&rows[..gap]);
            print_table(rows.get(gap + 1..).unwrap_or_default());
            let crowded = if measured() { crowds() } else { Ok((Vec::new(), true)) };
            match crowded {
                Ok((rows, crowded)) => {
                    print_table(&rows);
                    if holds && crowded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
                }
                Err(trouble) => trouble.exit(),
            }
        }
        Err(trouble) => trouble.exit(),
    }
}
