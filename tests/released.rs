//! Is everybody released who should be, wherever the scheduler decides, and whomever it
//! kills? Events, barriers, what is done once, and conditions over robust locks.
//!
//! In fibers and in processes, at both granularities; and is a program that breaks the law
//! caught?

#[path = "released/barriers.rs"]
mod barriers;
#[path = "released/conditions.rs"]
mod conditions;
#[path = "released/events.rs"]
mod events;
#[path = "released/onces.rs"]
mod onces;

use selvedge_harness::Report;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

/// A configuration that looks and does nothing else.
fn quiet(engine: Engine, granularity: Granularity) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).granularity(granularity).ignore_environment()
}

/// Whether nothing was found.
fn passes(report: &Report) -> bool {
    if let Some(first) = &report.tally.first {
        println!("{:?} {:?}", first.verdict, report.tally.inconclusive);
    }
    assert_eq!(report.tally.inconclusive, None);
    report.tally.first.is_none()
}

/// Whether a law holds, in each way to look and with each number of deaths.
#[track_caller]
fn each(program: impl Fn() -> AnyProgram, kills: &[u8], holds: bool) {
    for &kills in kills {
        ways(program(), |config| config.faults(Faults::kills(kills)), holds);
    }
}

/// The same with the faults that the program itself asks for.
#[track_caller]
fn each_as_told(program: impl Fn() -> AnyProgram, holds: bool) {
    ways(program(), |config| config, holds);
}

#[track_caller]
fn ways(program: AnyProgram, faults: impl Fn(Config) -> Config, holds: bool) {
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in BOTH {
            let executions = if engine == Engine::Sim { 1500 } else { 150 };
            let config = faults(quiet(engine, granularity).executions(executions));
            let report: Report = program.check("law", &config).unwrap();
            assert_eq!(passes(&report), holds, "{engine:?} {granularity:?} {:?}", config.faults);
        }
    }
}

/// Every schedule with up to so many preemptions, each access to a word a step, and every
/// step a place to be killed at. Returns how many executions those were.
#[track_caller]
fn every_word(program: AnyProgram, kills: u8, preemptions: u32, holds: bool) -> u64 {
    words(&program, preemptions, |config| config.faults(Faults::kills(kills)), holds)
}

/// The same with the faults that the program itself asks for.
#[track_caller]
fn every_word_as_told(program: AnyProgram, preemptions: u32, holds: bool) -> u64 {
    words(&program, preemptions, |config| config, holds)
}

#[track_caller]
fn words(program: &AnyProgram, preemptions: u32, faults: impl Fn(Config) -> Config, holds: bool) -> u64 {
    let bounded = Strategy::Dfs { preemptions: Some(preemptions) };
    let config = faults(quiet(Engine::Sim, Granularity::Word).strategy(bounded).exhaust());
    let report = program.check("law", &config).unwrap();
    println!("{} executions", report.tally.executions);
    assert_eq!(passes(&report), holds);
    report.tally.executions
}

/// The events of the same executions, with deaths, in fibers and in processes.
#[track_caller]
fn both_see_the_same<S: selvedge::Shareable + Send + Sync>(program: &Program<S>) {
    for granularity in [Granularity::Operation, Granularity::Word] {
        let config = |engine| quiet(engine, granularity).seed(11).faults(Faults::kills(1));
        let [sim, real] = BOTH.map(|engine| program.record(&config(engine), 0..40).unwrap());
        for (index, (sim, real)) in sim.iter().zip(&real).enumerate() {
            assert_eq!(sim, real, "{granularity:?} execution {index}");
        }
    }
}
