//! Is what the shrinker leaves smaller, as small as it must be, and the same finding? Of
//! every failing program, however it was found and whatever went wrong besides: the token
//! of the small schedule shows the same in both engines, event for event, without a fault
//! or a task that it does not take.

use selvedge_fixtures::catalogue;
use selvedge_harness::catalogue::{Case, Expect};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::token::Token;
use selvedge_harness::{Choice, Finding, Recording, Verdict};
use std::collections::BTreeSet;

/// Programs that are too large as they come.
const SMALL: [(&str, &str); 7] = [
    ("ticket", "ticket:clients=4,stock=2"),
    ("ticket-file", "ticket-file:clients=3,stock=2"),
    ("bank", "bank:deposits=5+6,withdrawals=7+8"),
    ("bank-counts", "bank-counts:deposits=3,withdrawals=3"),
    ("window", "window:operations=6,others=5"),
    ("buffer", "buffer:producers=2,consumers=1,items=1"),
    ("circular-buffer", "circular-buffer:items=3"),
];

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

fn config(engine: Engine) -> Config {
    Config { shrink_budget: 20_000, ..Config::default().engine(engine).ignore_environment() }
}

fn failing() -> Vec<Case> {
    let catalogue = catalogue().unwrap();
    let all = catalogue.cases().unwrap().into_iter();
    let failing = all.filter(|case| case.variant.expect == Expect::Fails);
    let small = failing.map(|case| {
        let name = case.selection.scenario.name;
        let name = SMALL.iter().find(|(long, _)| *long == name).map_or(name, |(_, small)| small);
        catalogue.parse(name).unwrap().case(case.variant.name).unwrap()
    });
    small.collect()
}

fn faults(schedule: &[Choice]) -> usize {
    schedule.iter().filter(|choice| choice.outcome().is_fault()).count()
}

fn tasks(schedule: &[Choice]) -> usize {
    schedule.iter().map(|choice| choice.task()).collect::<BTreeSet<_>>().len()
}

/// What a finding's token shows in an engine.
fn replayed(case: &Case, finding: &Finding, engine: Engine) -> Recording {
    let token: Token = finding.token.parse().unwrap();
    assert_eq!(token.schedule, finding.schedule);
    let replay = Config { shrink: false, ..config(engine).strategy(Strategy::Replay(token.schedule)) };
    case.build().unwrap().record(&replay, 0..1).unwrap().remove(0)
}

fn small_and_the_same(what: &str, case: &Case, finding: &Finding) {
    let (found, small) = (&finding.found.schedule, &finding.schedule);
    let size = |schedule: &[Choice]| (faults(schedule), selvedge_harness::switches(schedule));
    assert!(size(small) <= size(found), "{what}: {:?} from {:?}", size(small), size(found));
    assert_eq!(finding.switches, size(small).1, "{what}");
    assert!(finding.preemptions <= finding.switches, "{what}");
    assert!(finding.recording.verdict.is_like(&finding.found.verdict), "{what}");
    for engine in BOTH {
        assert_eq!(replayed(case, finding, engine), finding.recording, "{what}, replayed in {engine:?}");
    }
    // A fault that can be left out was left out.
    let control = finding.control.as_ref().map(|control| &control.verdict);
    let needs_none =
        faults(small) > 0 && control.is_some_and(|verdict| verdict.is_like(&finding.recording.verdict));
    assert!(!needs_none, "{what}: the faults are not needed: {small:?}");
}

#[test]
fn whatever_was_found_shrinks_to_the_same_finding() {
    for case in failing() {
        for (engine, strategy, seeds) in
            [(Engine::Sim, "random", 3), (Engine::Sim, "pos", 2), (Engine::Real, "portfolio", 1)]
        {
            for seed in 0..seeds {
                let what = format!("{}, {engine:?}, {strategy}, seed {seed}", case.name());
                let config = config(engine).strategy(strategy.parse().unwrap()).seed(seed);
                let report = case.check(&config).unwrap();
                // A window of one operation may be missed.
                if let Some(finding) = &report.finding {
                    small_and_the_same(&what, &case, finding);
                }
            }
        }
    }
}

/// What fails without anything going wrong is shown without.
#[test]
fn faults_that_are_not_needed_go() {
    let mut faulty = 0;
    for case in failing().iter().filter(|case| !case.selection.scenario.name.starts_with("crash")) {
        let all = Faults { kills: 1, timeouts: 1, spurious: 2, ..Faults::none() };
        for seed in 0..3 {
            let what = format!("{}, seed {seed}", case.name());
            let config = config(Engine::Sim).seed(seed).faults(all.clone());
            let Some(finding) = case.check(&config).unwrap().finding else { continue };
            small_and_the_same(&what, case, &finding);
            faulty += usize::from(faults(&finding.found.schedule) > 0);
        }
    }
    assert!(faulty > 10, "only {faulty} were found with faults");
}

/// Two of twelve do it; the others are left out.
#[test]
fn tasks_that_are_not_needed_go() {
    shareable! { struct Counter { count: Value<u32> } }
    let crowd = |others: usize| {
        Program::new("crowd", || Counter { count: Value::new(0) }).tasks("adder", 2 + others, |counter, _| {
            let seen = counter.count.get();
            counter.count.set(seen + 1);
            assert_eq!(counter.count.get(), seen + 1, "somebody else was here");
        })
    };
    for engine in BOTH {
        for seed in 0..3 {
            let config = config(engine).strategy(Strategy::Random).seed(seed);
            let finding = crowd(10).check(&config).unwrap().finding.unwrap();
            assert!(tasks(&finding.found.schedule) > 3, "found with few tasks: this shows nothing");
            assert_eq!(tasks(&finding.schedule), 2, "{engine:?}, {seed}: {:?}", finding.schedule);
            assert!(matches!(finding.recording.verdict, Verdict::Panic { .. }));
        }
    }
}
