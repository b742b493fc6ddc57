//! Does everything that can go wrong go wrong where the schedule says, and nowhere else?
//!
//! Kills are real in `real`: a process dies by SIGKILL and the operating system cleans up
//! after it.

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::{Outcome, Report, Verdict, check};
use serial_test::serial;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

shareable! {
    struct Slots { lock: Mutex<()>, index: Value<u32>, slot: Value<u32> }
}

fn slots() -> Slots {
    Slots { lock: Mutex::new(()), index: Value::new(0), slot: Value::new(0) }
}

fn quiet(engine: Engine) -> Config {
    Config::default().engine(engine).ignore_environment()
}

/// Both add one under a plain lock; the victim may die.
fn plain_lock() -> Program<Slots> {
    let add = |slots: &Slots| {
        let _guard = slots.lock.lock().unwrap();
        slots.index.set(slots.index.get() + 1);
    };
    Program::new("plain lock", slots)
        .task("victim", add)
        .task("other", add)
        .faults(Faults { victims: vec!["victim".to_owned()], ..Faults::kills(1) })
}

/// The index is published before the slot is written.
fn publish() -> Program<Slots> {
    Program::new("publish", slots)
        .task("writer", |slots| {
            slots.index.set(1);
            slots.slot.set(7);
        })
        .task("reader", |slots| {
            if slots.index.get() == 1 {
                assert_eq!(slots.slot.get(), 7);
            }
        })
}

fn exhaust(program: &Program<Slots>, engine: Engine) -> Report {
    program.check(&quiet(engine).exhaust()).unwrap()
}

#[test]
#[serial]
fn a_holder_that_is_killed_leaves_a_plain_lock_locked() {
    let reports = BOTH.map(|engine| exhaust(&plain_lock(), engine));
    for report in &reports {
        let finding = report.finding.as_ref().expect("a dead holder");
        assert_eq!(finding.recording.verdict, Verdict::Deadlock);
        assert_eq!((finding.preemptions, finding.switches), (0, 0));
        assert!(finding.proved_minimal);
        assert_eq!(finding.recording.tasks[0].status, Some(-9));
        let kills = finding.recording.steps.iter().filter(|step| step.outcome == Outcome::Kill);
        assert_eq!(kills.count(), 1);
    }
    let [sim, real] = reports;
    assert_eq!(sim.tally.executions, real.tally.executions);
    assert_eq!(sim.tally.violations, real.tally.violations);
    assert_eq!(sim.finding.unwrap().recording, real.finding.unwrap().recording);
}

#[test]
#[serial]
fn nothing_is_killed_unless_asked_for() {
    for engine in BOTH {
        let report = plain_lock().check(&quiet(engine).exhaust().faults(Faults::none())).unwrap();
        assert_eq!((report.tally.violations, report.tally.executions), (0, 2), "{engine:?}");
    }
}

/// The same executions by number, faults included, in both engines.
#[test]
#[serial]
fn random_faults_replay_in_the_other_engine() {
    let config = |engine| quiet(engine).seed(5).faults(Faults::kills(2));
    let [sim, real] = BOTH.map(|engine| publish().record(&config(engine), 0..300).unwrap());
    let mut killed = 0;
    for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
        assert_eq!(a, b, "execution {index}");
        killed += a.steps.iter().filter(|step| step.outcome == Outcome::Kill).count();
    }
    assert!(killed > 200, "{killed} kills in 300 executions");
    let broken = sim.iter().filter(|recording| recording.verdict.is_violation()).count();
    assert!(broken > 10, "{broken} of 300 executions met the torn publication");
}

/// A waiter that does not look again goes on although nobody has set the flag.
#[test]
#[serial]
fn a_sleeper_wakes_without_cause() {
    shareable! { struct Gate { open: Mutex<bool>, changed: Condvar } }
    let gate = |again: bool| {
        Program::new("gate", || Gate { open: Mutex::new(false), changed: Condvar::new() })
            .task("waiter", move |gate| {
                let mut open = gate.open.lock().unwrap();
                while !*open {
                    open = gate.changed.wait(open).unwrap();
                    if !again {
                        assert!(*open, "woken and still closed");
                    }
                }
            })
            .task("opener", |gate| {
                *gate.open.lock().unwrap() = true;
                gate.changed.notify_one();
            })
    };
    let spurious: Faults = "spurious".parse().unwrap();
    for engine in BOTH {
        let run = |again, faults: &Faults| {
            gate(again).check(&quiet(engine).exhaust().faults(faults.clone())).unwrap().tally.violations
        };
        assert_eq!(run(false, &Faults::none()), 0, "{engine:?}");
        assert!(run(false, &spurious) > 0, "{engine:?}");
        assert_eq!(run(true, &spurious), 0, "{engine:?}");
    }
}

/// A timed wait may end early, the earliest deadline first; only with a clock for each
/// task may a long sleep end before a short one.
#[test]
#[serial]
fn deadlines_pass_when_they_are_made_to() {
    use std::time::Duration;
    shareable! { struct Clocks { done: Event, order: Value<u32> } }
    let clocks = || Clocks { done: Event::new(), order: Value::new(0) };
    let hasty = || {
        Program::new("hasty", clocks)
            .task("waiter", |clocks| {
                assert!(clocks.done.wait_timeout(Duration::from_secs(60)), "gave up");
            })
            .task("worker", |clocks| clocks.done.set())
    };
    let sleepers = || {
        Program::new("sleepers", clocks)
            .task("long", |clocks| {
                thread::sleep(Duration::from_secs(20));
                clocks.order.set(1);
            })
            .task("short", |clocks| {
                thread::sleep(Duration::from_secs(10));
                clocks.order.set(2);
            })
            .finally(|clocks| assert_eq!(clocks.order.get(), 1, "the long sleep ended first"))
    };
    let faults = |text: &str| text.parse::<Faults>().unwrap();
    for engine in BOTH {
        let run = |program: Program<Clocks>, faults: Faults| {
            program.check(&quiet(engine).exhaust().faults(faults)).unwrap().tally.violations
        };
        assert_eq!(run(hasty(), Faults::none()), 0, "{engine:?}");
        assert!(run(hasty(), faults("timeouts")) > 0, "{engine:?}");
        assert_eq!(run(sleepers(), Faults::none()), 0, "{engine:?}");
        assert!(run(sleepers(), faults("timeouts:2,drift")) > 0, "{engine:?}");
    }
}

/// Two deadlines that pass before anybody else goes on take no switch at all, and that is proved:
/// where nothing but a switch would come next, a fault may come in its place.
#[test]
#[serial]
fn what_a_deadline_does_without_a_switch_is_proved() {
    let done = || Program::new("patience", Event::new).task("worker", Event::set);
    let impatient = |done: &Event| {
        let mut twice = (0..2).map(|_| done.wait_timeout(std::time::Duration::from_secs(60)));
        assert!(twice.any(|came| came), "gave up twice");
    };
    for engine in BOTH {
        for strategy in ["random", "pos", "portfolio"] {
            let config = quiet(engine).faults("timeouts:2".parse().unwrap());
            let config = config.strategy(strategy.parse().unwrap()).executions(500);
            let report = done().task("waiter", impatient).check(&config).unwrap();
            let finding = report.finding.expect("gave up twice");
            assert_eq!((finding.switches, finding.proved_minimal), (0, true), "{engine:?}, {strategy}");
        }
    }
}

/// Three sleep in a row: the longest sleeper is woken first, unless anybody may be.
#[test]
#[serial]
fn a_notification_wakes_anybody() {
    shareable! { struct Row { seats: Mutex<u32>, changed: Condvar, first: Event, woken: Value<u32> } }
    let seats =
        || Row { seats: Mutex::new(0), changed: Condvar::new(), first: Event::new(), woken: Value::new(9) };
    let row = || {
        Program::new("row", seats)
            .tasks("waiter", 3, |row, number| {
                let mut seats = row.seats.lock().unwrap();
                // They sit down in the order of their numbers or not at all.
                if *seats != number as u32 {
                    return;
                }
                *seats += 1;
                seats = row.changed.wait(seats).unwrap();
                if *seats == 3 && row.woken.get() == 9 {
                    row.woken.set(number as u32);
                    row.first.set();
                }
                drop(seats);
            })
            .task("caller", |row| {
                let seats = row.seats.lock().unwrap();
                // Nobody else is woken before the first one has said who it is.
                if *seats == 3 {
                    row.changed.notify_one();
                    drop(seats);
                    row.first.wait();
                }
                row.changed.notify_all();
            })
            .label(|row, label| label.push_str(&row.woken.get().to_string()))
    };
    for engine in BOTH {
        let outcomes = |faults: Faults| {
            let config = quiet(engine).faults(faults);
            let config = if engine == Engine::Sim { config.exhaust() } else { config.executions(2000) };
            let config = Config { keep_going: true, shrink: false, ..config };
            row()
                .check(&config.strategy(if engine == Engine::Sim {
                    Strategy::Dfs { preemptions: Some(2) }
                } else {
                    Strategy::Random
                }))
                .unwrap()
                .tally
                .outcomes
        };
        let usual = outcomes(Faults::none());
        assert!(!usual.contains_key("1"), "{engine:?}: {usual:?}");
        let any = outcomes("wake_any".parse().unwrap());
        assert!(any.contains_key("1"), "{engine:?}: {any:?}");
    }
}

/// Real processes die by the hundred, and nothing of them stays.
#[test]
#[serial]
fn kills_leave_nothing_behind() {
    let children = || {
        let path = format!("/proc/{0}/task/{0}/children", std::process::id());
        std::fs::read_to_string(path).unwrap().split_whitespace().count()
    };
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let objects = || std::fs::read_dir("/dev/shm").unwrap().count();
    let before = (children(), descriptors(), objects());
    let config = quiet(Engine::Real).seed(11).faults(Faults { victims: Vec::new(), ..Faults::kills(2) });
    let recordings = publish().record(&config, 0..250).unwrap();
    let kills = recordings.iter().flat_map(|recording| &recording.steps);
    let kills = kills.filter(|step| step.outcome == Outcome::Kill).count();
    assert!(kills >= 200, "{kills} kills");
    assert_eq!((children(), descriptors(), objects()), before);
}

/// `finally` looks at what a dead holder has locked: told, and not waited for.
#[test]
#[serial]
fn a_lock_that_nobody_gives_back_does_not_keep_the_end_waiting() {
    let program = || {
        Program::new("left locked", slots)
            .task("victim", |slots| drop(slots.lock.lock().unwrap()))
            .finally(|slots| drop(slots.lock.lock().unwrap()))
            .faults(Faults { victims: vec!["victim".to_owned()], ..Faults::kills(1) })
    };
    for report in BOTH.map(|engine| exhaust(&program(), engine)) {
        // Killed before the lock, with the lock, or not at all.
        assert_eq!((report.tally.executions, report.tally.violations), (3, 1), "{:?}", report.engine);
        let verdict = report.finding.unwrap().recording.verdict;
        let Verdict::Law { message, .. } = verdict else { panic!("{verdict:?}") };
        assert!(message.contains("waits for ever: lock (") && message.contains("faults.rs"), "{message}");
    }
}

/// Names for which there is no room would be cut, and the last ones not be killed, or others.
#[test]
fn names_of_victims_that_mean_nobody_are_refused() {
    let refusal = |victims: Vec<String>| {
        let faults = Faults { victims, ..Faults::kills(1) };
        let declared = Program::new("named", slots).tasks("task", 100, |slots, _| slots.index.fetch_add(1));
        let declared = declared.check(&quiet(Engine::Sim).faults(faults.clone())).map(drop);
        let dynamic = check(&quiet(Engine::Sim).faults(faults), || drop(Process::spawn(step))).map(drop);
        [declared, dynamic].map(|refused| refused.expect_err("no such names").to_string())
    };
    for told in refusal((0..100).map(|task| format!("task {task}")).collect()) {
        assert!(told.contains("789 bytes, at most 512 are allowed"), "{told}");
    }
    for name in ["", " ", "task 1\ntask 2"] {
        for told in refusal(vec!["task".to_owned(), name.to_owned()]) {
            assert!(told.contains("a task that may be killed needs a name"), "{told}");
        }
    }
}

/// n tasks of one step come in n! orders, and each of them may have died instead.
#[test]
#[serial]
fn each_fault_that_is_possible_at_a_step_is_tried_there() {
    for (tasks, kills, schedules) in [(2, 1, 6), (2, 2, 8), (3, 1, 24), (3, 2, 42)] {
        for engine in BOTH {
            let program = Program::new("one step each", slots)
                .tasks("task", tasks, |slots, _| slots.index.fetch_add(1))
                .faults(Faults::kills(kills));
            let report =
                program.check(&quiet(engine).strategy(Strategy::Dfs { preemptions: None }).exhaust());
            let found = report.unwrap().tally;
            assert_eq!((found.executions, found.complete), (schedules, true), "{engine:?}: {tasks}, {kills}");
            if kills == 1 {
                let census = program.census(&quiet(engine), true).unwrap();
                let killed: Vec<u64> = census.points.iter().map(|point| point.killed).collect();
                assert_eq!(killed, vec![schedules / (tasks as u64 + 1); tasks], "{engine:?}");
            }
        }
    }
}

/// Nobody needs to die for an update to be lost: the finding has no kill, and its report says so.
#[test]
#[serial]
fn a_program_that_fails_anyhow_is_told_to_be_vacuous() {
    let program = || {
        Program::new("lost update", slots)
            .tasks("adder", 2, |slots, _| slots.index.set(slots.index.get() + 1))
            .finally(|slots| assert_eq!(slots.index.get(), 2))
    };
    for engine in BOTH {
        let explored = |faults| program().check(&quiet(engine).exhaust().faults(faults)).unwrap();
        let report = explored(Faults::kills(1));
        let text = selvedge_harness::report::failure(&report).unwrap();
        assert!(text.contains("control: VACUOUS, it fails without any of the faults"), "{engine:?}: {text}");
        let control = report.finding.unwrap().control.expect("a kill was possible");
        assert!(matches!(control.verdict, Verdict::Law { .. }), "{engine:?}: {:?}", control.verdict);
        assert_eq!(explored(Faults::none()).finding.unwrap().control, None, "{engine:?}");
    }
}

/// What else goes wrong stays in the run without the kill: here a wake-up without cause breaks
/// another law by itself.
#[test]
#[serial]
fn the_run_without_the_kill_has_the_other_faults() {
    shareable! { struct Gate { open: Mutex<bool>, changed: Condvar, early: Value<u32>, done: Value<u32> } }
    let gate = || Gate {
        open: Mutex::new(false),
        changed: Condvar::new(),
        early: Value::new(0),
        done: Value::new(0),
    };
    let program = || {
        Program::new("gate", gate)
            .task("waiter", |gate| {
                let open = gate.changed.wait(gate.open.lock().unwrap()).unwrap();
                if !*open {
                    gate.early.set(1);
                }
                drop(open);
                gate.done.set(1);
            })
            .finally(|gate| {
                let (early, done) = (gate.early.get() == 1, gate.done.get() == 1);
                assert!(!early || done, "died early");
                assert!(!early, "woken early");
            })
            .stuck(|_| ())
    };
    let faults: Faults = "kills,spurious".parse().unwrap();
    let broke =
        |verdict: &Verdict, law: &str| matches!(verdict, Verdict::Law { message, .. } if message == law);
    for engine in BOTH {
        let explored = |seed| program().check(&quiet(engine).seed(seed).faults(faults.clone())).unwrap();
        let finding = (0..50)
            .filter_map(|seed| explored(seed).finding)
            .find(|finding| broke(&finding.recording.verdict, "died early"))
            .expect("a waiter that is woken and killed");
        let control = finding.control.expect("a run without the kill").verdict;
        assert!(broke(&control, "woken early"), "{engine:?}: {control:?}");
    }
}

/// How many executions of this program have a kill, by the number of turns that its first task had.
fn kills_by_turn(program: &Program<Slots>, strategy: &str) -> Vec<usize> {
    let faults = Faults { victims: vec!["worker".to_owned()], ..Faults::kills(1) };
    let config = quiet(Engine::Sim).strategy(strategy.parse().unwrap()).faults(faults);
    let mut kills = Vec::new();
    for recording in program.record(&config, 0..4000).unwrap() {
        let own = recording.steps.iter().filter(|step| step.task == 0);
        let turns = own.clone().filter(|step| step.outcome.is_turn()).count();
        if own.clone().any(|step| step.outcome == Outcome::Kill) {
            kills.resize(kills.len().max(turns + 1), 0);
            kills[turns] += 1;
        }
    }
    kills
}

/// The run without preemption is over after a few steps, because nobody has set the flag; the
/// others are not, and the worker can be killed anywhere in them.
#[test]
#[serial]
fn who_has_more_to_do_than_usual_is_killed_there_too() {
    let program = Program::new("work", slots)
        .task("worker", |slots| {
            if slots.index.get() == 1 {
                (0..40).for_each(|_| _ = slots.slot.fetch_add(1));
            }
        })
        .task("setter", |slots| slots.index.set(1));
    for strategy in ["portfolio", "random", "pos"] {
        let kills = kills_by_turn(&program, strategy);
        assert!(kills.len() == 41 && kills.iter().all(|&count| count > 0), "{strategy}: {kills:?}");
    }
}

/// The run without preemption never ends, which tells nothing of the others.
#[test]
#[serial]
fn who_waits_in_a_loop_does_not_keep_faults_away() {
    let program = Program::new("spin", slots)
        .task("worker", |slots| {
            while slots.index.get() == 0 {}
            (0..3).for_each(|_| _ = slots.slot.fetch_add(1));
        })
        .task("setter", |slots| slots.index.set(1));
    let kills: usize = kills_by_turn(&program, "random").iter().sum();
    assert!(kills > 1000, "{kills} of 4000 were killed");
}

/// What a program starts has its names only then: one that nobody got is told.
#[test]
#[serial]
fn a_victim_who_never_came_is_told() {
    let warning = |engine, victim: &str| {
        let faults = Faults { victims: vec![victim.to_owned()], ..Faults::kills(1) };
        let report = selvedge_harness::check(&quiet(engine).executions(20).faults(faults), || {
            let shared = Shared::new(slots());
            let child = Process::spawn({
                let shared = shared.clone();
                move || _ = shared.index.fetch_add(1)
            });
            shared.index.set(2);
            child.join().unwrap();
        });
        report.unwrap().warning()
    };
    for engine in BOTH {
        assert_eq!(warning(engine, "Process-1"), None, "{engine:?}");
        let told = "no task was called `Proces-1`, so nobody could be killed".to_owned();
        assert_eq!(warning(engine, "Proces-1"), Some(told), "{engine:?}");
    }
}
