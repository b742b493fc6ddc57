//! Programs drawn at random: one execution for each trace finds what all schedules find.

use super::classics::config;
use super::programs::{Action, Family};
use super::traces::trace;
use super::world::{counts, outcome, program};
use selvedge_harness::Recording;
use selvedge_harness::prelude::*;
use std::collections::BTreeSet;

/// Schedules at most of a program that is compared.
const SCHEDULES: u64 = if cfg!(debug_assertions) { 300 } else { 3_000 };

/// What the executions of many programs add up to.
#[derive(Debug, Default)]
struct Total {
    programs: u64,
    schedules: u64,
    traces: u64,
    blocked: u64,
    /// Programs of which some execution broke a law.
    broken: u64,
}

/// All executions of a strategy; none if they are too many.
fn record(actions: &[Vec<Action>], config: &Config, most: u64) -> Option<Vec<Recording>> {
    let recordings = program(actions).record(config, 0..most).unwrap();
    ((recordings.len() as u64) < most).then_some(recordings)
}

fn outcomes(runs: &[Recording]) -> BTreeSet<String> {
    runs.iter().map(outcome).collect()
}

/// Compares both strategies on so many programs that can be exhausted. In families whose
/// traces are counted (`exact`) each is run once, and nothing in vain.
fn compare(family: Family, seed: u64, programs: u64, exact: bool) -> Total {
    compare_by(&config(), family, seed, programs, exact)
}

fn compare_by(config: &Config, family: Family, seed: u64, programs: u64, exact: bool) -> Total {
    let mut total = Total::default();
    for number in 0.. {
        if total.programs == programs {
            break;
        }
        let actions = family.program(seed, number);
        let told = format!("{family:?}, seed {seed}, program {number}: {actions:?}");
        compare_one(config, &actions, SCHEDULES, exact, &told, &mut total);
    }
    println!("{family:?}: {total:?}");
    total
}

/// The same for one program, if it has fewer than `most` schedules.
fn compare_one(
    config: &Config,
    actions: &[Vec<Action>],
    most: u64,
    exact: bool,
    told: &str,
    total: &mut Total,
) {
    let by = |strategy| Config { strategy, ..config.clone() };
    let (all, reduced) = (by(Strategy::Dfs { preemptions: None }), by(Strategy::Dpor));
    let Some(schedules) = record(actions, &all, most) else { return };
    // Blocked executions among them, there may be more than schedules.
    let runs = record(actions, &reduced, 20 * most).unwrap_or_else(|| panic!("no end: {told}"));
    let (run, given_up): (Vec<_>, Vec<_>) = runs.into_iter().partition(counts);
    let (expected, found) = (outcomes(&schedules), outcomes(&run));
    let lost: Vec<_> = expected.difference(&found).collect();
    assert!(lost.is_empty(), "{told}\nlost: {lost:#?}\nof {expected:#?}");
    assert_eq!(found, expected, "{told}");
    if exact {
        let traces: BTreeSet<_> = schedules.iter().map(trace).collect();
        let distinct: BTreeSet<_> = run.iter().map(trace).collect();
        assert!(distinct == traces, "{told}: {} of {} traces", distinct.len(), traces.len());
        assert_eq!((run.len(), given_up.len()), (traces.len(), 0), "{told}");
    }
    assert!(run.len() <= schedules.len(), "{told}");
    total.programs += 1;
    total.schedules += schedules.len() as u64;
    total.traces += run.len() as u64;
    total.blocked += given_up.len() as u64;
    total.broken += u64::from(run.iter().any(|run| run.verdict.is_violation()));
}

#[test]
fn each_trace_of_words_is_run_once() {
    let total = compare(Family::Words, 1, 500, true);
    assert!(total.broken > total.programs / 5, "{total:?}");
}

#[test]
fn each_trace_of_plain_data_is_run_once() {
    let total = compare(Family::Cells, 2, 200, true);
    assert!(total.broken > total.programs / 5, "{total:?}");
}

#[test]
fn each_trace_of_locks_is_run_once() {
    let total = compare(Family::Locks, 3, 200, true);
    assert!(total.broken > total.programs / 10, "{total:?}");
}

#[test]
fn each_trace_is_run_once_where_panics_are_caught() {
    let total = compare(Family::Caught, 10, 300, true);
    assert!(total.broken < total.programs / 2, "{total:?}");
    let total = compare(Family::Poisoned, 11, 200, true);
    assert!(total.broken < total.programs / 2, "{total:?}");
}

/// Programs of which a trace was lost: a panic gives a lock back that somebody looks at, and
/// what is planned before it was thought to be covered by what else is.
#[test]
fn each_trace_is_run_once_where_one_was_lost() {
    use Action::*;
    let programs = [
        vec![
            vec![Add(1), PanicIf(1, 2)],
            vec![Lock(1), PanicIf(1, 0), Recover, Add(1)],
            vec![IsLocked(1), IsPoisoned(1)],
        ],
        vec![
            vec![ClearPoison(1), Lock(0), ResumeIf(1, 0), Recover],
            vec![Set(0, 1), PanicIf(0, 0), Recover],
            vec![IsPoisoned(0), Recover, Recover],
        ],
        vec![vec![IsLocked(0)], vec![TryLock(1), PanicIf(0, 0), Recover], vec![Exchange(1, 0, 0)]],
        vec![
            vec![IsLocked(0), Recover, Recover, Recover],
            vec![Lock(0), PanicIf(1, 0), ResumeIf(1, 0), TryLock(1)],
            vec![Exchange(1, 0, 2)],
            vec![LeaveIf(0, 2)],
        ],
        vec![vec![Set(0, 1)], vec![Lock(0), PanicIf(0, 0), Recover], vec![IsPoisoned(0)]],
    ];
    let mut total = Total::default();
    for program in &programs {
        compare_one(&config(), program, 3_000, true, &format!("{program:?}"), &mut total);
    }
    assert_eq!(total.programs, programs.len() as u64, "{total:?}");
}

#[test]
fn each_trace_of_conditions_is_run_once() {
    let total = compare(Family::Conditions, 4, 200, true);
    assert!(total.broken > total.programs / 10, "{total:?}");
}

/// Who gets an item is decided by a word that only guards look at: what it held before is known.
#[test]
fn each_trace_of_queues_is_run_once() {
    let total = compare(Family::Queues, 6, 300, true);
    assert!(total.broken > total.programs / 10, "{total:?}");
}

/// Time passes where nobody can go on, and destructors wait: still nothing is run in vain.
#[test]
fn nothing_is_lost_and_nothing_blocked_where_tasks_wait() {
    for (family, seed) in [(Family::Waits, 5), (Family::All, 7), (Family::Tidied, 12)] {
        let total = compare(family, seed, 300, false);
        assert_eq!(total.blocked, 0, "{family:?}: {total:?}");
    }
}

#[test]
fn nothing_is_lost_where_each_access_is_a_step() {
    let words = Config { granularity: Granularity::Word, ..config() };
    compare_by(&words, Family::Locks, 8, 30, false);
}

#[test]
fn processes_come_out_as_fibers_do() {
    let (mut compared, mut executions) = (0, 0);
    for number in 0.. {
        if compared == 12 {
            break;
        }
        let actions = Family::All.program(9, number);
        let Some(fibers) = record(&actions, &config(), 30).filter(|runs| runs.len() > 3) else { continue };
        let processes = record(&actions, &config().engine(Engine::Real), 30);
        let processes = processes.unwrap_or_else(|| panic!("program {number}: {actions:?}"));
        assert_eq!(outcomes(&processes), outcomes(&fibers), "program {number}: {actions:?}");
        assert_eq!(processes.len(), fibers.len(), "program {number}: {actions:?}");
        (compared, executions) = (compared + 1, executions + processes.len());
    }
    println!("{compared} programs, {executions} executions");
}
