//! Are the programs that only a fault breaks found by that fault, by nothing else, and in
//! both engines alike?

use selvedge_fixtures::catalogue;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Outcome, Report, Verdict};
use serial_test::serial;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

/// A scenario, the variants that fail, those that hold, and what breaks it.
type Row = (&'static str, &'static [&'static str], &'static [&'static str], fn(Outcome) -> bool);

const ROWS: [Row; 3] = [
    ("short-write", &["racy"], &["fixed"], |outcome| outcome == Outcome::Short),
    ("eintr", &["racy"], &["fixed"], |outcome| outcome == Outcome::Interrupt),
    ("signal-handler", &["racy", "wrong-fix"], &["fixed"], |outcome| matches!(outcome, Outcome::Signal(_))),
];

fn exhaust(name: &str, variant: &str, engine: Engine, faults: Option<Faults>) -> Report {
    let config = Config::default().engine(engine).ignore_environment().exhaust();
    let config = faults.map_or(config.clone(), |faults| config.faults(faults));
    let case = catalogue().unwrap().parse(name).unwrap().case(variant).unwrap();
    case.build().unwrap().check(name, &config).unwrap()
}

#[test]
#[serial]
fn each_is_found_by_its_fault_in_both_engines() {
    for (name, failing, _, is_fault) in ROWS {
        for variant in failing {
            let [sim, real] = BOTH.map(|engine| exhaust(name, variant, engine, None));
            assert_eq!(sim.tally.executions, real.tally.executions, "{name}, {variant}");
            assert_eq!(sim.tally.violations, real.tally.violations, "{name}, {variant}");
            let [sim, real] = [sim, real].map(|report| report.finding.expect("a finding"));
            assert_eq!(sim.recording, real.recording, "{name}, {variant}");
            assert_eq!(sim.token, real.token);
            assert!(sim.proved_minimal);
            assert_eq!(sim.recording.steps.iter().filter(|step| is_fault(step.outcome)).count(), 1);
            let control = sim.control.expect("a run without the fault");
            assert_eq!(control.verdict, Verdict::Pass, "{name}, {variant}");
        }
    }
}

#[test]
#[serial]
fn the_fixed_hold_with_the_fault_and_all_without() {
    for (name, failing, holding, _) in ROWS {
        for engine in BOTH {
            for variant in holding {
                let report = exhaust(name, variant, engine, None);
                assert!(report.tally.complete);
                assert_eq!(report.finding, None, "{name}, {variant}, {engine:?}");
            }
            for variant in failing {
                let report = exhaust(name, variant, engine, Some(Faults::none()));
                assert!(report.tally.complete);
                assert_eq!(report.finding, None, "{name}, {variant}, {engine:?}");
            }
        }
    }
}
