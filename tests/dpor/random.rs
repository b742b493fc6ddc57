//! Programs drawn at random: one execution for each trace finds what all schedules find.

use super::classics::config;
use super::programs::{Action, Family, counts, outcome, program};
use super::traces::trace;
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

fn record(actions: &[Vec<Action>], strategy: Strategy, most: u64) -> Option<Vec<Recording>> {
    let recordings = program(actions).record(&Config { strategy, ..config() }, 0..most).unwrap();
    ((recordings.len() as u64) < most).then_some(recordings)
}

fn all_schedules(actions: &[Vec<Action>]) -> Option<Vec<Recording>> {
    record(actions, Strategy::Dfs { preemptions: None }, SCHEDULES)
}

/// Compares both strategies on so many programs that can be exhausted. In families whose
/// traces are counted (`exact`) each is run once, and nothing in vain.
fn compare(family: Family, seed: u64, programs: u64, exact: bool) -> Total {
    let mut total = Total::default();
    for number in 0.. {
        if total.programs == programs {
            break;
        }
        let actions = family.program(seed, number);
        let Some(schedules) = all_schedules(&actions) else { continue };
        let told = || format!("{family:?}, seed {seed}, program {number}: {actions:?}");
        // Blocked executions among them, there may be more than schedules.
        let runs =
            record(&actions, Strategy::Dpor, 20 * SCHEDULES).unwrap_or_else(|| panic!("no end: {}", told()));
        let (run, given_up): (Vec<_>, Vec<_>) = runs.into_iter().partition(counts);
        let outcomes = |runs: &[Recording]| runs.iter().map(outcome).collect::<BTreeSet<_>>();
        let (expected, found) = (outcomes(&schedules), outcomes(&run));
        let lost: Vec<_> = expected.difference(&found).collect();
        assert!(lost.is_empty(), "{}\nlost: {lost:#?}\nof {expected:#?}", told());
        assert_eq!(found, expected, "{}", told());
        if exact {
            let traces: BTreeSet<_> = schedules.iter().map(trace).collect();
            let distinct: BTreeSet<_> = run.iter().map(trace).collect();
            assert!(distinct == traces, "{}: {} of {} traces", told(), distinct.len(), traces.len());
            assert_eq!((run.len(), given_up.len()), (traces.len(), 0), "{}", told());
        }
        assert!(run.len() <= schedules.len(), "{}", told());
        total.programs += 1;
        total.schedules += schedules.len() as u64;
        total.traces += run.len() as u64;
        total.blocked += given_up.len() as u64;
        total.broken += u64::from(run.iter().any(|run| run.verdict.is_violation()));
    }
    println!("{family:?}: {total:?}");
    total
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
fn nothing_is_lost_where_tasks_wait_for_each_other() {
    compare(Family::Locks, 3, 100, false);
    compare(Family::Conditions, 5, 100, false);
    compare(Family::All, 6, 100, false);
}
