//! Is what the checker says about races true? One trace from both engines, the walk's
//! exact probabilities, and a last line that reproduces the failure.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use selvedge_fixtures::catalogue;
use selvedge_harness::catalogue::Case;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};

fn program(name: &str, variant: &str) -> AnyProgram {
    catalogue().unwrap().parse(name).unwrap().case(variant).unwrap().build().unwrap()
}

fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default().engine(engine).ignore_environment() }
}

/// Fails at the first step in which executions of `case` differ between fibers and processes.
fn assert_one_trace(case: &Case, what: &str, config: impl Fn(Engine) -> Config, executions: u64) {
    let program = case.build().unwrap();
    let trace = |engine| program.record(&config(engine), 0..executions).unwrap();
    let (fibers, processes) = (trace(Engine::Sim), trace(Engine::Real));
    for (execution, (fiber, process)) in fibers.iter().zip(&processes).enumerate() {
        let place = format!("{}, {what}, execution {execution}", case.name());
        let differs = fiber.steps.iter().zip(&process.steps).position(|(a, b)| a != b);
        if let Some(step) = differs {
            panic!("{place}, step {step}:\n{:?}\n{:?}", fiber.steps[step], process.steps[step]);
        }
        assert_eq!(fiber, process, "{place}");
    }
}

/// Every scenario and variant, 200 seeds each: event for event the same trace from
/// fibers and from real processes, whatever the verdict.
#[test]
fn both_engines_give_one_trace() {
    for case in catalogue().unwrap().cases().unwrap() {
        // A hundred clients a time are shown by fewer seeds of the large programs.
        let (runs, each) = if case.build().unwrap().tasks() > 10 { (4, 50) } else { (20, 10) };
        for seed in 0..runs {
            assert_one_trace(&case, &format!("seed {seed}"), |engine| quiet(engine).seed(seed), each);
        }
    }
}

/// The same between the steps of primitives, and wherever something goes wrong.
#[test]
fn both_engines_give_one_trace_of_faults() {
    let faults = Faults { eintr: 2, short_io: 2, spurious: 2, timeouts: 2, ..Faults::kills(2) };
    for case in catalogue().unwrap().cases().unwrap() {
        for granularity in [Granularity::Operation, Granularity::Word] {
            let config = |engine| quiet(engine).seed(11).granularity(granularity).faults(faults.clone());
            assert_one_trace(&case, &format!("{granularity:?}"), config, 15);
        }
    }
}

/// A child that burns the core it is pinned to, until it is dropped.
struct BusyLoop(std::process::Child);

impl BusyLoop {
    fn on(core: usize) -> BusyLoop {
        let mine = sched_getaffinity(Pid::from_raw(0)).unwrap();
        let mut one = CpuSet::new();
        one.set(core).unwrap();
        // A child inherits the mask of the thread that starts it.
        sched_setaffinity(Pid::from_raw(0), &one).unwrap();
        let child =
            Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap();
        sched_setaffinity(Pid::from_raw(0), &mine).unwrap();
        BusyLoop(child)
    }
}

impl Drop for BusyLoop {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn one_seed_gives_one_trace_on_a_busy_core() {
    let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap();
    let core = (0..CpuSet::count()).find(|&core| allowed.is_set(core).unwrap()).unwrap();
    let _busy = [BusyLoop::on(core), BusyLoop::on(core)];
    let program = program("ticket:clients=3,stock=2", "racy");
    let recordings = program.record(&quiet(Engine::Real).seed(77), [5; 500]).unwrap();
    assert_eq!(recordings.len(), 500);
    let hashes: std::collections::BTreeSet<u64> =
        recordings.iter().map(|recording| recording.trace_hash()).collect();
    assert_eq!(hashes.len(), 1);
    // And another execution is another trace: the hash can tell.
    let other = program.record(&quiet(Engine::Real).seed(77), 0..20).unwrap();
    assert!(other.iter().any(|recording| !hashes.contains(&recording.trace_hash())));
}

/// An independent model of tasks that read a number and then write one.
#[derive(Clone)]
struct Walk {
    value: i64,
    /// For each task, its operations left, each a read and a write.
    tasks: Vec<Vec<i64>>,
    /// What each task has read and not yet written.
    seen: Vec<Option<i64>>,
    /// Writes that took place.
    sold: u32,
    /// A task that reads 0 writes nothing.
    stops_at_zero: bool,
}

impl Walk {
    fn new(value: i64, tasks: Vec<Vec<i64>>, stops_at_zero: bool) -> Walk {
        let seen = vec![None; tasks.len()];
        Walk { value, tasks, seen, sold: 0, stops_at_zero }
    }

    /// Adds to each outcome the probability with which the uniform walk over enabled
    /// tasks reaches it.
    fn weigh(&self, weight: f64, label: &dyn Fn(&Walk) -> String, outcomes: &mut BTreeMap<String, f64>) {
        let enabled: Vec<usize> =
            (0..self.tasks.len()).filter(|&task| !self.tasks[task].is_empty()).collect();
        if enabled.is_empty() {
            *outcomes.entry(label(self)).or_insert(0.0) += weight;
        }
        for &task in &enabled {
            let mut next = self.clone();
            match next.seen[task].take() {
                None => next.seen[task] = Some(next.value),
                Some(seen) => {
                    let change = next.tasks[task].remove(0);
                    if !(next.stops_at_zero && seen <= 0) {
                        next.value = seen + change;
                        next.sold += 1;
                    }
                }
            }
            next.weigh(weight / enabled.len() as f64, label, outcomes);
        }
    }
}

/// The measured rate of every outcome meets its probability within three sigma.
fn meets(name: &str, variant: &str, expected: &BTreeMap<String, f64>) {
    const RUNS: u64 = 20_000;
    let config = quiet(Engine::Sim).strategy(Strategy::Random).executions(RUNS).seed(1);
    let config = Config { keep_going: true, ..config };
    let report = program(name, variant).check(name, &config).unwrap();
    let total: f64 = expected.values().sum();
    assert!((total - 1.0).abs() < 1e-9, "{name}: the probabilities add up to {total}");
    for (label, probability) in expected {
        let hits = *report.tally.outcomes.get(label).unwrap_or(&0) as f64;
        let (mean, sigma) =
            (RUNS as f64 * probability, (RUNS as f64 * probability * (1.0 - probability)).sqrt());
        assert!((hits - mean).abs() <= 3.0 * sigma, "{name} {label}: {hits}, expected {mean} +- {sigma}");
    }
    let unexpected: Vec<_> =
        report.tally.outcomes.keys().filter(|label| !expected.contains_key(*label)).collect();
    assert!(unexpected.is_empty(), "{name}: {unexpected:?}");
}

#[test]
fn the_random_walk_has_its_exact_probabilities() {
    for (clients, stock) in [(2, 1), (3, 1), (3, 2), (4, 3)] {
        let walk = Walk::new(stock, vec![vec![-1]; clients], true);
        let mut outcomes = BTreeMap::new();
        let label = |walk: &Walk| {
            let lost = walk.value != stock - i64::from(walk.sold);
            let ending = if lost { format!(",final={}", walk.value) } else { String::new() };
            format!("sold={}{ending}", walk.sold)
        };
        walk.weigh(1.0, &label, &mut outcomes);
        if (clients, stock) == (2, 1) {
            // Four of six schedules fail, but the walk meets them half of the time.
            let failing: f64 =
                outcomes.iter().filter(|(label, _)| !label.contains("sold=1")).map(|(_, p)| p).sum();
            assert!((failing - 0.5).abs() < 1e-9, "{outcomes:?}");
        }
        meets(&format!("ticket:clients={clients},stock={stock}"), "racy", &outcomes);
    }
    for (deposits, withdrawals) in [(vec![10], vec![3]), (vec![10, 20], vec![3, 5]), (vec![1, 2, 3], vec![4])]
    {
        let list = |amounts: &[i64]| amounts.iter().map(i64::to_string).collect::<Vec<_>>().join("+");
        let name = format!("bank:deposits={},withdrawals={}", list(&deposits), list(&withdrawals));
        let out = withdrawals.iter().map(|amount| -amount).collect();
        let mut outcomes = BTreeMap::new();
        Walk::new(2000, vec![deposits, out], false).weigh(1.0, &|walk| walk.value.to_string(), &mut outcomes);
        meets(&name, "racy", &outcomes);
    }
}

shareable! {
    struct Counter {
        value: Value<u32>,
    }
}

/// Set by the test below for the binary that it runs again.
const ASKED: &str = "RACES_SHOW_A_FAILURE";

/// Fails if asked to: the subject of the next test.
#[test]
fn loses_an_update_if_asked() {
    if std::env::var_os(ASKED).is_none() {
        return;
    }
    Program::new("lost update", || Counter { value: Value::new(0) })
        .tasks("adder", 2, |counter, _| {
            let seen = counter.value.get();
            counter.value.set(seen + 1);
        })
        .finally(|counter| assert_eq!(counter.value.get(), 2, "an update was lost"))
        .name("counter", |counter| &counter.value)
        .explore(&Config::default())
        .unwrap();
}

/// Runs this binary with the arguments of a `cargo test` line.
fn run_line(variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .env(ASKED, "1")
        .env("RUST_BACKTRACE", "0")
        .env("SELVEDGE_PERSIST", "off")
        .env_remove("SELVEDGE_REPLAY")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(!output.status.success());
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// From the lane table to the last line: what two runs of one failure share.
fn story(text: &str) -> (String, String) {
    let line = text.lines().find(|line| line.starts_with("reproduce: ")).expect(text).to_owned();
    let lanes = text
        .lines()
        .filter(|line| line.contains("races.rs:") || line.contains("counter"))
        .filter(|line| !line.starts_with("thread "))
        .collect::<Vec<_>>();
    (line, lanes.join("\n"))
}

/// In a thread of its own, whose name is none of a test's.
#[test]
fn loses_an_update_elsewhere_if_asked() {
    let named = std::thread::Builder::new().name("shop::clerk".to_owned());
    let clerk = named.spawn(loses_an_update_if_asked).unwrap();
    if let Err(payload) = clerk.join() {
        std::panic::resume_unwind(payload);
    }
}

/// However the test is run, and wherever it explores, the line runs it again.
#[test]
fn the_last_line_reproduces_the_failure() {
    const HERE: &str = "loses_an_update_if_asked";
    const ELSEWHERE: &str = "loses_an_update_elsewhere_if_asked";
    let alone = format!("--exact {HERE}");
    for (arguments, selection) in [
        (&["--exact", HERE, "--nocapture"][..], &*alone),
        (&["--nocapture", HERE], &alone),
        (&["--nocapture", "--test-threads=1", HERE], &alone),
        // Which test it is only its arguments tell.
        (&["--exact", ELSEWHERE, "--nocapture"], &format!("--exact {ELSEWHERE}")),
        (&["--nocapture", ELSEWHERE], ""),
        (&["--nocapture", "--test-threads=1", ELSEWHERE], ""),
    ] {
        let first = run_line(&[], arguments);
        let (line, lanes) = story(&first);
        assert!(lanes.contains("counter"), "{first}");
        let words: Vec<&str> = line.trim_start_matches("reproduce: ").split(' ').collect();
        let variables: Vec<(&str, &str)> = words.iter().map_while(|word| word.split_once('=')).collect();
        assert_eq!(variables[0].0, "SELVEDGE_REPLAY", "{line}");
        let command = &words[variables.len()..];
        assert_eq!(command[..2], ["cargo", "test"], "{line}");
        assert!(command.windows(2).any(|pair| pair == ["--test", "races"]), "{line}");
        let again = command.split(|word| *word == "--").nth(1).expect(&line);
        assert_eq!(again.join(" "), format!("{selection} --nocapture").trim_start(), "{arguments:?}: {line}");
        // All of them would run these tests as well.
        let again = if selection.is_empty() { arguments } else { again };
        let second = run_line(&variables, again);
        assert_eq!(story(&second), (line, lanes), "{second}");
        assert!(second.contains("an update was lost"), "{second}");
    }
}
