//! Runs executions of one program on one side, so that a profiler or an instruction
//! counter sees nothing else.
//!
//! | words | what runs |
//! |---|---|
//! | `SIDE PROGRAM EXECUTIONS` | a program of `subject` on one of its sides |
//! | `SIDE:STRATEGY PROGRAM EXECUTIONS` | the same by another strategy than `random`: `static` and `dynamic` only |
//! | `workers:JOBS PROGRAM EXECUTIONS` | the same, declarative, by so many workers side by side |
//! | `crowd:STRATEGY CROWD,SIZE,CHANGES EXECUTIONS` | ten tasks with so many changes each, beside those of `crowd`: `crowd:surw waiting,900,40 20` |
//! | `real family EXECUTIONS` | a main process that starts two and joins them, in the engine `real` |
//! | `bare family EXECUTIONS` | the same processes with nothing around them |
//! | `native start TIMES` | a `Process` that does nothing, started and joined |
//! | `bare start TIMES` | fork(2), _exit(2), waitpid(2) |

use selvedge::Process;
use selvedge_bench::crowd::{self, Crowd};
use selvedge_bench::subject::{Side, Subject, explore, explore_on_workers, run};
use selvedge_bench::{bare, in_processes};
use selvedge_harness::strategy::Strategy;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match measure(&words) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("one: {message}");
            ExitCode::from(2)
        }
    }
}

fn start() {
    let child = Process::spawn(|| ());
    assert!(child.join().expect("a child can be joined").success());
}

fn seconds(times: u32, body: fn()) -> String {
    let begun = Instant::now();
    (0..times).for_each(|_| body());
    format!("{:.0}/s", f64::from(times) / begun.elapsed().as_secs_f64())
}

/// Runs what the words ask for and says what came out: executions, or how many a second.
fn measure(words: &[String]) -> Result<String, String> {
    let [side, program, executions] = words else {
        return Err("wants three words, as in: one static i 1000".to_owned());
    };
    let executions = executions.parse().ok().filter(|&number: &u32| number > 0);
    let executions = executions.ok_or("executions are a number of at least 1, as in 1000")?;
    let many = u64::from(executions);
    match (side.as_str(), program.as_str()) {
        ("real", "family") => return Ok(format!("{:.0}/s", in_processes::family(many))),
        ("bare", "family") => return Ok(format!("{:.0}/s", bare::family(executions))),
        ("native", "start") => return Ok(seconds(executions, start)),
        ("bare", "start") => return Ok(seconds(executions, bare::start_and_wait)),
        _ => {}
    }
    if let Some(jobs) = side.strip_prefix("workers:") {
        let jobs = jobs.parse().ok().filter(|jobs| (1..=64).contains(jobs));
        let jobs = jobs.ok_or("workers are a number from 1 to 64, as in workers:2")?;
        return Ok(explore_on_workers(jobs, Subject::named(program)?, many).to_string());
    }
    if let Some(strategy) = side.strip_prefix("crowd:") {
        let (crowd, changes) = in_crowd(program)?;
        return Ok(crowd::explore(&strategy_named(strategy)?, crowd, changes, many).to_string());
    }
    let subject = Subject::named(program)?;
    let Some((side, strategy)) = side.split_once(':') else {
        return Ok(run(Side::named(side)?, subject, many).to_string());
    };
    let strategy = strategy_named(strategy)?;
    match Side::named(side)? {
        Side::Static => Ok(explore(&strategy, false, subject, many).to_string()),
        Side::Dynamic => Ok(explore(&strategy, true, subject, many).to_string()),
        Side::Shuttle | Side::Loom => Err(format!("{side} takes no strategy; static and dynamic do")),
    }
}

fn strategy_named(name: &str) -> Result<Strategy, String> {
    name.parse().map_err(|error| format!("{error}"))
}

/// The crowd, its size, and the number of changes that a word like `waiting,900,40` asks for.
fn in_crowd(word: &str) -> Result<((Crowd, usize), u32), String> {
    let read = || {
        let (crowd, numbers) = word.split_once(',')?;
        let (size, changes) = numbers.split_once(',')?;
        Some(((Crowd::named(crowd)?, size.parse().ok()?), changes.parse().ok()?))
    };
    let form = "waiting, apart or ended, its size and a number of changes, as in waiting,900,40";
    read().ok_or_else(|| format!("{word:?} is not {form}"))
}
