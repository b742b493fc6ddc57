//! Waiting for a number: declared it is a guard, which no schedule can spin on; not
//! declared it is a loop, which the bound on steps cuts and the report names.

use nix::unistd::{Pid, gettid};
use selvedge_harness::judge::{spins, starved};
use selvedge_harness::prelude::*;
use selvedge_harness::program::Report;
use selvedge_harness::{Limits, Recording, Verdict, report};
use std::fs;
use std::time::{Duration, Instant};

shareable! {
    struct Gate { open: Value<u32>, data: Value<u32>, seen: Value<u32> }
}

fn gate() -> Gate {
    Gate { open: Value::new(0), data: Value::new(0), seen: Value::new(0) }
}

fn config(engine: Engine) -> Config {
    Config { limits: Limits { steps: 2_000, ..Limits::default() }, ..Config::default() }
        .engine(engine)
        .ignore_environment()
}

fn found(report: &Report) -> &Verdict {
    &report.tally.first.as_ref().expect("a law was broken").verdict
}

#[test]
fn a_declared_wait_is_a_guard() {
    for engine in [Engine::Sim, Engine::Real] {
        for granularity in [Granularity::Operation, Granularity::Word] {
            let program = Program::new("gate", gate)
                .task("reader", |gate| {
                    gate.open.await_eq(2);
                    gate.seen.set(gate.data.get());
                })
                .task("writer", |gate| {
                    gate.data.set(7);
                    gate.open.set(1);
                    gate.open.set(2);
                })
                .finally(|gate| assert_eq!(gate.seen.get(), 7));
            let config = config(engine).granularity(granularity).exhaust();
            let report = program.check(&config).unwrap();
            assert!(report.tally.complete && report.finding.is_none(), "{:?}", report.tally);
            if granularity == Granularity::Operation {
                // The reader can do nothing before the last write: one schedule.
                assert_eq!(report.tally.executions, 1);
            }
        }
    }
}

#[test]
fn every_comparison_waits_for_its_own() {
    let program = Program::new("comparisons", gate)
        .task("not zero", |gate| assert_ne!(gate.open.await_ne(0), 0))
        .task("two or more", |gate| assert!(gate.open.await_at_least(2) >= 2))
        .task("any", |gate| _ = gate.open.await_at_least(0))
        .tasks("counter", 3, |gate, _| _ = gate.open.fetch_add(1))
        .finally(|gate| assert_eq!(gate.open.get(), 3));
    let report = program.check(&config(Engine::Sim).exhaust()).unwrap();
    assert!(report.tally.complete && report.finding.is_none());
    // 3! orders of the counters times the places of the three waits, by hand: `any` goes
    // anywhere (of 6 places), `not zero` after the first, `two or more` after the second.
    let mut orders = 0;
    permutations(&mut vec![0, 1, 2, 3, 4, 5], 0, &mut |order| {
        let place = |task: usize| order.iter().position(|&other| other == task).unwrap();
        let counted = |task: usize| (3..6).filter(|&counter| place(counter) < place(task)).count();
        orders += u64::from(counted(0) >= 1 && counted(1) >= 2);
    });
    assert_eq!(report.tally.executions, orders);
}

fn permutations(order: &mut Vec<usize>, from: usize, visit: &mut impl FnMut(&[usize])) {
    if from == order.len() {
        return visit(order);
    }
    for at in from..order.len() {
        order.swap(from, at);
        permutations(order, from + 1, visit);
        order.swap(from, at);
    }
}

#[test]
fn elements_of_an_array_can_be_waited_for() {
    for engine in [Engine::Sim, Engine::Real] {
        let report = check_quietly(engine, || {
            let steps = Array::<u32>::new(2);
            let other = steps.clone();
            let child = Process::spawn(move || {
                other.await_eq(0, 1);
                other.set(1, 5);
            });
            steps.set(0, 1);
            assert_eq!(steps.await_ne(1, 0), 5);
            assert_eq!(steps.await_at_least(1, 3), 5);
            child.join().unwrap();
        });
        assert_eq!(report.tally.violations, 0, "{:?}", report.tally.first);
    }
}

fn check_quietly(engine: Engine, body: impl Fn() + Sync) -> Report {
    selvedge_harness::check(&config(engine).executions(20), body).unwrap()
}

#[test]
fn waiting_for_what_never_comes_is_a_deadlock() {
    for engine in [Engine::Sim, Engine::Real] {
        let program = Program::new("forgotten", gate)
            .name("open", |gate| &gate.open)
            .task("reader", |gate| gate.open.await_eq(1))
            .task("writer", |gate| gate.data.set(7));
        let report = program.check(&config(engine).executions(10)).unwrap();
        assert_eq!(found(&report), &Verdict::Deadlock);
        let text = report::failure(&report).unwrap();
        assert!(text.contains("reader waits for \"open\" (await_eq, "), "{text}");
    }
}

/// Outside an exploration a wait looks again and again, in any process.
#[test]
fn a_wait_ends_without_a_scheduler() {
    let flag = selvedge::Shared::new(selvedge::Value::new(0_u32));
    let other = flag.clone();
    let child = selvedge::Process::spawn(move || {
        other.await_eq(1);
        other.set(2);
    });
    flag.set(1);
    assert_eq!(flag.await_at_least(2), 2);
    child.join().unwrap();
}

fn spinning() -> Program<Gate> {
    Program::new("spin", gate)
        .name("open", |gate| &gate.open)
        .name("data", |gate| &gate.data)
        .task("reader", |gate| {
            gate.data.get();
            while gate.open.get() == 0 {}
        })
        .task("writer", |gate| gate.open.set(1))
}

#[test]
fn an_undeclared_wait_is_cut_and_told() {
    for engine in [Engine::Sim, Engine::Real] {
        let config = config(engine).strategy(Strategy::Dfs { preemptions: None });
        let report = spinning().check(&config).unwrap();
        assert_eq!(found(&report), &Verdict::Livelock { steps: 2_000 });
        let finding = report.finding.as_ref().unwrap();
        let spins = spins(&finding.recording);
        assert_eq!(spins.len(), 1);
        assert_eq!((spins[0].task, spins[0].operations.len(), spins[0].turns), (0, 1, 1_999));
        assert_eq!(starved(&finding.recording), [1]);
        assert_eq!(finding.ends_if_fair, Some(true));
        assert_eq!((finding.switches, finding.proved_minimal), (0, true));
        let text = report::failure(&report).unwrap();
        assert!(text.contains("reader, 1999 times: get open -> 0 (tests/waiting.rs:"), "{text}");
        assert!(text.contains("left out by this schedule: writer"), "{text}");
        assert!(text.contains("once everybody gets a turn the program ends"), "{text}");
        let json: serde_json::Value =
            serde_json::from_str(&report::json(&report, "spin", "racy", "fails")).unwrap();
        let turn = &json["livelock"][0];
        assert_eq!((&turn["name"], &turn["turns"]), (&"reader".into(), &1_999.into()));
        assert_eq!(turn["operations"][0]["operation"], "get open -> 0");
        assert_eq!(json["ends_if_fair"], true);
    }
}

/// With every schedule: each livelocked one costs the bound, and then it is over.
#[test]
fn depth_first_search_through_a_spin_ends() {
    let limits = Limits { steps: 40, ..Limits::default() };
    let config = Config { limits, ..config(Engine::Sim).exhaust() };
    let report = spinning().check(&config).unwrap();
    assert!(report.tally.complete);
    // The writer comes before any of the 40 steps that there could be, or never. Where it
    // comes last or last but one the end would not lie below the bound.
    assert_eq!((report.tally.executions, report.tally.violations), (41, 3));
}

#[test]
fn a_loop_of_several_operations_is_found_whoever_runs_in_between() {
    let program = Program::new("polite", gate)
        .tasks("philosopher", 2, |gate, me| {
            // Both insist on seeing what neither ever writes.
            loop {
                gate.open.set(me as u32);
                gate.data.get();
                if gate.seen.get() == 3 {
                    break;
                }
            }
        })
        .name("seen", |gate| &gate.seen);
    let report = program.check(&config(Engine::Sim)).unwrap();
    let finding = report.finding.as_ref().unwrap();
    // Being fair does not help, and the shrunk schedule must not pretend it does.
    assert_eq!(finding.ends_if_fair, Some(false));
    let program_ends = report::failure(&report).unwrap();
    assert!(program_ends.contains("this goes on even if everybody gets a turn"), "{program_ends}");
    for spin in spins(&finding.recording) {
        let names: Vec<&str> = spin.operations.iter().map(|&at| &*finding.recording.steps[at].name).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(spin.turns > 100);
    }
}

/// Between two looks a task sleeps, or waits for so long: its deadline is no one's to keep, and
/// each costs a step like any other, however many tasks there could be.
#[test]
fn a_loop_that_sleeps_is_told_and_blocked_by_nobody() {
    let asleep = Program::new("asleep", gate)
        .name("open", |gate| &gate.open)
        .task("reader", |gate| {
            while gate.open.get() == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        })
        .task("writer", |gate| gate.data.set(1));
    for engine in [Engine::Sim, Engine::Real] {
        let report = asleep.check(&config(engine)).unwrap();
        assert_eq!(found(&report), &Verdict::Livelock { steps: 2_000 });
        let text = report::failure(&report).unwrap();
        for part in ["    sleep: timed out (", "    get open -> 0 (", "this goes on even if everybody"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("blocked meanwhile"), "{text}");
    }
}

/// Whoever stands before a lock that is held, or before an empty queue, was not preempted.
#[test]
fn a_task_that_waits_was_not_preempted() {
    shareable! {
        struct Shop { flag: Value<u32>, lock: Mutex<u32>, queue: Queue<u32> }
    }
    let shop = || Shop { flag: Value::new(0), lock: Mutex::new(0), queue: Queue::bounded(1) };
    let recorded = |program: &Program<Shop>, order: &[usize]| {
        let config = Config::default().ignore_environment().exhaust();
        let all = program.record(&config, 0..1_000).unwrap();
        let tasks = |recording: &Recording| recording.steps.iter().map(|step| step.task).collect::<Vec<_>>();
        all.into_iter().find(|recording| tasks(recording) == order).expect("such a schedule").preemptions
    };
    let waiting = Program::new("waiting", shop)
        .task("guest", |shop| {
            shop.flag.set(1);
            shop.queue.get().unwrap();
        })
        .task("host", |shop| {
            shop.flag.set(2);
            shop.queue.put(1).unwrap();
        });
    assert_eq!(recorded(&waiting, &[0, 1, 1, 0]), [0; 0]);
    // The host could have gone on, the guest not before it did.
    assert_eq!(recorded(&waiting, &[1, 0, 1, 0]), [0]);
    let locking = Program::new("locking", shop).tasks("clerk", 2, |shop, _| {
        shop.flag.get();
        drop(shop.lock.lock());
    });
    // Both before a free lock; then one inside, and the other before it.
    assert_eq!(recorded(&locking, &[0, 1, 0, 0, 1, 1]), [0, 1]);
    assert_eq!(recorded(&locking, &[0, 0, 1, 0, 1, 1]), [1]);
}

/// The bound that nobody chose: found, shrunk and told without patience.
#[test]
fn a_livelock_at_the_default_bound_is_told_soon() {
    let config = Config::default().ignore_environment().executions(100);
    for strategy in [Strategy::Random, Strategy::Dfs { preemptions: None }, Strategy::Dpor] {
        let program = Program::new("stuck", gate)
            .task("reader", |gate| while gate.open.get() == 0 {})
            .task("writer", |gate| gate.data.set(1));
        let report = program.check(&config.clone().strategy(strategy)).unwrap();
        assert_eq!(found(&report), &Verdict::Livelock { steps: 100_000 });
        let finding = report.finding.unwrap();
        assert_eq!(finding.ends_if_fair, Some(false));
        assert!(finding.token.len() < 100, "{}", finding.token.len());
        // Each costs as many steps as there may be, and without a switch it is small enough.
        assert_eq!((finding.switches, finding.proved_minimal), (0, true));
        assert!(finding.shrink_executions < 10, "{}", finding.shrink_executions);
    }
}

/// How often a thread has slept, by its own will.
fn sleeps(thread: Pid) -> u64 {
    let text = fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.expect("the kernel counts").trim().parse().unwrap()
}

/// Whoever looks again and again sleeps in between, so that it costs no core.
#[test]
fn a_long_wait_costs_no_core() {
    let flag = std::sync::Arc::new(selvedge::Value::new(0_i32));
    let (tell, told) = std::sync::mpsc::channel();
    let waiter = std::thread::spawn({
        let flag = flag.clone();
        move || {
            tell.send(gettid()).unwrap();
            flag.await_ne(0)
        }
    });
    let thread = told.recv().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    while sleeps(thread) < 100 {
        assert!(Instant::now() < deadline, "it slept {} times", sleeps(thread));
        std::thread::yield_now();
    }
    flag.set(-1);
    assert_eq!(waiter.join().unwrap(), -1);
}

shareable! {
    struct Counter { next: Value<u32>, serving: Value<u32>, inside: Value<u32> }
}

/// A lock by tickets: each waits for a number of its own, and the last one of `step` many is lost.
fn tickets(tasks: usize, times: u32, step: u32) -> Program<Counter> {
    let counter = || Counter { next: Value::new(0), serving: Value::new(0), inside: Value::new(0) };
    Program::new("tickets", counter).tasks("customer", tasks, move |counter, _| {
        for _ in 0..times {
            let ticket = counter.next.fetch_add(1);
            counter.serving.await_eq(ticket);
            assert_eq!(counter.inside.fetch_add(1), 0, "alone inside");
            counter.inside.set(0);
            counter.serving.set(ticket + step);
        }
    })
}

/// However many numbers are waited for, at a time and after each other.
#[test]
fn each_waits_for_a_number_of_its_own() {
    let quiet = |engine| Config { shrink: false, ..Config::default().engine(engine) }.ignore_environment();
    for strategy in [Strategy::Dfs { preemptions: None }, Strategy::Dpor] {
        let exhaust = |step| {
            let config = quiet(Engine::Sim).strategy(strategy.clone()).exhaust();
            tickets(3, 1, step).check(&config).unwrap().tally
        };
        let (sound, broken) = (exhaust(1), exhaust(2));
        assert_eq!((sound.complete, sound.first.map(|found| found.verdict)), (true, None));
        assert_eq!(broken.first.expect("nobody has the next number").verdict, Verdict::Deadlock);
    }
    // More tasks than a word has bits, and more numbers than the table of guards has room for.
    for (engine, granularity, tasks, times) in [
        (Engine::Sim, Granularity::Operation, 100, 50),
        (Engine::Sim, Granularity::Word, 70, 70),
        (Engine::Real, Granularity::Operation, 70, 60),
    ] {
        let config = quiet(engine).granularity(granularity).executions(3);
        let tally = tickets(tasks, times, 1).check(&config).unwrap().tally;
        assert_eq!((tally.first.map(|found| found.verdict), tally.inconclusive), (None, None), "{engine:?}");
    }
}

/// Who waits for a number can go on while the word is that number, and no longer.
#[test]
fn a_number_that_has_passed_lets_nobody_through() {
    // As many schedules as ways to take or miss each number but the last, which stays.
    const NUMBERS: u32 = 6;
    let program = Program::new("passing", || Value::<u32>::new(0))
        .task("writer", |value| (1..=NUMBERS).for_each(|number| value.set(number)))
        .tasks("waiter", NUMBERS as usize, |value, me| value.await_eq(me as u32 + 1))
        .stuck(|value| assert_eq!(value.get(), NUMBERS));
    let config = config(Engine::Sim).strategy(Strategy::Dfs { preemptions: None }).exhaust();
    let tally = program.check(&config).unwrap().tally;
    assert_eq!((tally.first.map(|found| found.verdict), tally.executions), (None, 1 << (NUMBERS - 1)));
}
