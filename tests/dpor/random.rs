//! Programs drawn at random: one execution for each trace finds what all schedules find.

use super::classics::config;
use super::programs::{Action, Family};
use super::traces::trace;
use super::world::{counts, program, values};
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

/// A drawn program: the actions of its tasks, of which the last `threads` belong to one process.
#[derive(Clone, Debug)]
struct Drawn {
    actions: Vec<Vec<Action>>,
    threads: usize,
}

impl Drawn {
    fn processes(actions: Vec<Vec<Action>>) -> Drawn {
        Drawn { actions, threads: 0 }
    }

    fn of(family: Family, seed: u64, number: u64) -> Drawn {
        Drawn::processes(family.program(seed, number))
    }
}

/// All executions of a strategy; none if they are too many.
fn record(drawn: &Drawn, config: &Config, most: u64) -> Option<Vec<Recording>> {
    let recordings = program(&drawn.actions, drawn.threads).record(config, 0..most).unwrap();
    ((recordings.len() as u64) < most).then_some(recordings)
}

/// How the executions came out, and with what each step of each task.
fn outcomes(runs: &[Recording]) -> BTreeSet<impl Ord + std::fmt::Debug> {
    runs.iter().map(values).collect()
}

/// Compares both strategies on so many programs that can be exhausted. In families whose
/// traces are counted (`exact`) each is run once, and nothing in vain.
fn compare(family: Family, seed: u64, programs: u64, exact: bool) -> Total {
    compare_by(&config(), |number| Drawn::of(family, seed, number), seed, programs, exact)
}

fn compare_by(config: &Config, draw: impl Fn(u64) -> Drawn, seed: u64, programs: u64, exact: bool) -> Total {
    let mut total = Total::default();
    for number in 0.. {
        if total.programs == programs {
            break;
        }
        let drawn = draw(number);
        let told = format!("seed {seed}, program {number}: {drawn:?}");
        if let Err(wrong) = compare_one(config, &drawn, SCHEDULES, exact, &mut total) {
            panic!("{told}\n{wrong}");
        }
    }
    println!("{total:?}");
    total
}

/// The same for one program, if it has fewer than `most` schedules; or what is wrong.
fn compare_one(
    config: &Config,
    drawn: &Drawn,
    most: u64,
    exact: bool,
    total: &mut Total,
) -> Result<(), String> {
    let by = |strategy| Config { strategy, ..config.clone() };
    let (all, reduced) = (by(Strategy::Dfs { preemptions: None }), by(Strategy::Dpor));
    let Some(schedules) = record(drawn, &all, most) else { return Ok(()) };
    // Blocked executions among them, there may be more than schedules.
    let runs = record(drawn, &reduced, 20 * most).ok_or("no end")?;
    let (run, given_up): (Vec<_>, Vec<_>) = runs.into_iter().partition(counts);
    let (expected, found) = (outcomes(&schedules), outcomes(&run));
    if found != expected {
        let lost: Vec<_> = expected.difference(&found).collect();
        return Err(format!("lost: {lost:#?}\nof {} outcomes", expected.len()));
    }
    if exact {
        let inherits = |action: &Action| matches!(action, Action::Inherit | Action::TryInherit);
        let survive = drawn.actions.iter().flatten().any(inherits);
        let of = |runs: &[Recording]| runs.iter().map(|run| trace(run, survive)).collect::<BTreeSet<_>>();
        let (traces, distinct) = (of(&schedules), of(&run));
        if distinct != traces {
            return Err(format!("{} of {} traces", distinct.len(), traces.len()));
        }
        if (run.len(), given_up.len()) != (traces.len(), 0) {
            return Err(format!(
                "{} traces: {} executions, {} blocked",
                traces.len(),
                run.len(),
                given_up.len()
            ));
        }
    }
    if run.len() > schedules.len() {
        return Err(format!("{} schedules: {} executions", schedules.len(), run.len()));
    }
    total.programs += 1;
    total.schedules += schedules.len() as u64;
    total.traces += run.len() as u64;
    total.blocked += given_up.len() as u64;
    total.broken += u64::from(run.iter().any(|run| run.verdict.is_violation()));
    Ok(())
}

#[test]
fn each_trace_of_words_is_run_once() {
    let total = compare(Family::Words, 1, 500, true);
    assert!(total.broken > total.programs / 5, "{total:?}");
}

/// Whoever is refused changes nothing: two of them come in any order.
#[test]
fn each_trace_of_tries_is_run_once() {
    let total = compare(Family::Tries, 19, 300, true);
    assert!(total.broken > total.programs / 10, "{total:?}");
}

/// A process that ends lets go of its lock as if it gave it back.
#[test]
fn each_trace_is_run_once_where_processes_end_with_a_lock() {
    compare(Family::Wills, 20, 300, true);
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
        let drawn = Drawn::processes(program.clone());
        compare_one(&config(), &drawn, 3_000, true, &mut total)
            .unwrap_or_else(|wrong| panic!("{program:?}: {wrong}"));
    }
    assert_eq!(total.programs, programs.len() as u64, "{total:?}");
}

#[test]
fn each_trace_of_conditions_is_run_once() {
    let total = compare(Family::Conditions, 4, 200, true);
    assert!(total.broken > total.programs / 10, "{total:?}");
}

/// A notification and the deadline of whoever waits for it come at the same moment.
#[test]
fn each_trace_is_run_once_where_deadlines_pass_at_the_same_moment() {
    compare(Family::TiedConditions, 13, 300, true);
}

/// Programs of a family, some of whose tasks are threads of one process.
fn with_threads(family: Family, seed: u64, number: u64) -> Drawn {
    let drawn = Drawn::of(family, seed, number);
    let threads = (2 + number as usize % 3).min(drawn.actions.len());
    Drawn { threads, ..drawn }
}

/// Declared threads end for themselves, as processes do.
#[test]
fn each_trace_of_threads_is_run_once() {
    for (family, seed) in [(Family::Words, 14), (Family::Locks, 15)] {
        let threads = |number| {
            let mut drawn = with_threads(family, seed, number);
            let others = drawn.actions.len() - drawn.threads;
            for action in drawn.actions[others..].iter_mut().flatten() {
                if let Action::ExitIf(which, number) = *action {
                    *action = Action::LeaveIf(which, number);
                }
            }
            drawn
        };
        compare_by(&config(), threads, seed, 100, true);
    }
}

/// A thread that ends its process cuts the others off, wherever they are.
#[test]
fn nothing_is_lost_where_threads_end_their_process() {
    for (family, seed) in [(Family::Words, 21), (Family::Locks, 22)] {
        compare_by(&config(), |number| with_threads(family, seed, number), seed, 100, false);
    }
}

/// Who gets an item is decided by a word that only guards look at: what it held before is known.
#[test]
fn each_trace_of_queues_is_run_once() {
    let total = compare(Family::Queues, 6, 300, true);
    assert!(total.broken > total.programs / 10, "{total:?}");
}

/// Time passes where nobody can go on, destructors wait, and who waits at a barrier sleeps in the
/// middle of an operation: still nothing is run in vain.
#[test]
fn nothing_is_lost_and_nothing_blocked_where_tasks_wait() {
    let families = [
        (Family::Waits, 5),
        (Family::All, 7),
        (Family::Tidied, 12),
        (Family::Barriers, 16),
        (Family::Ties, 17),
        (Family::Heirs, 18),
    ];
    for (family, seed) in families {
        let total = compare(family, seed, 200, false);
        assert_eq!(total.blocked, 0, "{family:?}: {total:?}");
    }
}

#[test]
fn nothing_is_lost_where_each_access_is_a_step() {
    let words = Config { granularity: Granularity::Word, ..config() };
    compare_by(&words, |number| Drawn::of(Family::Locks, 8, number), 8, 30, false);
}

#[test]
fn processes_come_out_as_fibers_do() {
    let (mut compared, mut executions) = (0, 0);
    for number in 0.. {
        if compared == 12 {
            break;
        }
        let drawn = Drawn::of(Family::All, 9, number);
        let Some(fibers) = record(&drawn, &config(), 30).filter(|runs| runs.len() > 3) else { continue };
        let processes = record(&drawn, &config().engine(Engine::Real), 30);
        let processes = processes.unwrap_or_else(|| panic!("program {number}: {drawn:?}"));
        assert_eq!(outcomes(&processes), outcomes(&fibers), "program {number}: {drawn:?}");
        assert_eq!(processes.len(), fibers.len(), "program {number}: {drawn:?}");
        (compared, executions) = (compared + 1, executions + processes.len());
    }
    println!("{compared} programs, {executions} executions");
}

/// Two plans may each be covered by the other, as far as the steps of their races tell: what comes
/// after these decides.
#[test]
fn what_covers_a_plan_for_now_may_not_cover_what_follows_it() {
    use Action::{ExitIf, Get, Set};
    let actions =
        vec![vec![Set(1, 1)], vec![Get(1), Get(0)], vec![Set(0, 2)], vec![Get(1), ExitIf(1, 0), Get(0)]];
    let mut total = Total::default();
    let wrong = compare_one(&config(), &Drawn::processes(actions), 20_000, true, &mut total);
    assert_eq!((wrong, total.programs), (Ok(()), 1));
}
