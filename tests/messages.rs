//! What a failing test says, from real programs in both engines.

use selvedge_harness::prelude::*;
use selvedge_harness::report::Entry;
use selvedge_harness::{Report, check, report};

shareable! {
    struct Stock { left: Value<u32>, sold: Value<u32> }
}

fn ticket(clients: usize) -> Program<Stock> {
    Program::new("ticket", || Stock { left: Value::new(1), sold: Value::new(0) })
        .name("left", |stock: &Stock| &stock.left)
        .name("sold", |stock: &Stock| &stock.sold)
        .tasks("client", clients, |stock, _| {
            let left = stock.left.get();
            if left > 0 {
                stock.left.set(left - 1);
                stock.sold.fetch_add(1);
            }
        })
        .finally(|stock| assert!(stock.sold.get() <= 1, "oversold: {} sold, 1 in stock", stock.sold.get()))
}

shareable! {
    struct Forks { forks: [Mutex<u32>; 3], eaten: Value<u32> }
}

fn table(philosophers: usize) -> Program<Forks> {
    Program::new("forks", || Forks { forks: [0; 3].map(Mutex::new), eaten: Value::new(0) })
        .name("fork 0", |table: &Forks| &table.forks[0])
        .name("fork 1", |table: &Forks| &table.forks[1])
        .name("fork 2", |table: &Forks| &table.forks[2])
        .name("eaten", |table: &Forks| &table.eaten)
        .tasks("philosopher", philosophers, move |table, number| {
            let left = table.forks[number].lock().unwrap();
            let right = table.forks[(number + 1) % philosophers].lock().unwrap();
            table.eaten.fetch_add(1);
            drop((left, right));
        })
}

/// The message of a report that must have one, without the line that reproduces it
/// (which names this process) and with that line checked.
fn message(report: &Report) -> String {
    let text = report::failure(report).expect("a violation");
    println!("{text}\n");
    let (body, last) = text.rsplit_once('\n').expect("many lines");
    let finding = report.finding.as_ref().expect("a finding");
    let test = std::thread::current().name().expect("libtest names threads").to_owned();
    assert!(last.starts_with("reproduce: ") && last.contains(&finding.token), "{last}");
    assert!(last.contains("cargo test -p selvedge-harness --test messages -- "), "{last}");
    assert!(last.ends_with("--nocapture"), "{last}");
    assert!(test == "main" || last.contains(&format!("--exact {test} ")), "{last}");
    for line in body.lines().filter(|line| line.contains('│')) {
        assert!(line.chars().count() <= 110, "a row of {} columns: {line}", line.chars().count());
    }
    body.to_owned()
}

fn config() -> Config {
    Config::default().ignore_environment()
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn a_race_is_told_step_by_step() {
    let text = message(&ticket(2).check(&config()).unwrap());
    contains(
        &text,
        &[
            "ticket: law broken after 6 steps: oversold: 2 sold, 1 in stock (tests/messages.rs:",
            "seed 0, strategy portfolio, engine sim",
            "to 2 context switches, 1 preemption; proved minimal",
            "get left -> 1",
            "set left = 0",
            "fetch_add sold -> 1",
            "~~ preempted",
            "critical pair: client ",
            "✗ │ oversold: 2 sold, 1 in stock",
        ],
    );
    insta::assert_snapshot!("race", text);
}

#[test]
fn a_race_of_processes_reads_the_same() {
    let table = |engine| {
        let report = ticket(2).check(&config().engine(engine)).unwrap();
        message(&report);
        report::lanes(&report.finding.unwrap().recording, report::Style::Plain)
    };
    assert_eq!(table(Engine::Sim), table(Engine::Real));
}

#[test]
fn a_hundred_clients_fit_on_a_screen() {
    let config = Config { shrink_budget: 2000, ..config() };
    let text = message(&ticket(100).check(&config).unwrap());
    contains(&text, &["client ", " ran alone, unpreempted", "~~ preempted"]);
    assert!(text.lines().count() < 60, "{} lines", text.lines().count());
}

#[test]
fn failures_are_counted() {
    let all = Config { keep_going: true, ..config().strategy(Strategy::Dfs { preemptions: None }) };
    let report = ticket(2).check(&all).unwrap();
    let text = message(&report);
    let counts = format!("{} of {} executions failed", report.tally.violations, report.tally.executions);
    contains(&text, &[&counts]);
}

#[test]
fn a_deadlock_names_its_cycle() {
    let text = message(&table(3).check(&config()).unwrap());
    contains(
        &text,
        &[
            "forks: deadlock after 3 steps: philosopher 0 .. philosopher 2 wait for each other",
            "philosopher 0 waits to lock \"fork 1\" (tests/messages.rs:",
            "held by philosopher 1 since tests/messages.rs:",
            "cycle: philosopher 0 -> philosopher 1 -> philosopher 2 -> philosopher 0",
            "waits: lock fork 1 [fork 0]",
        ],
    );
    insta::assert_snapshot!("deadlock", text);
}

shareable! {
    struct Bell { ready: Mutex<bool>, bell: Condvar }
}

#[test]
fn a_lost_wake_up_has_no_cycle() {
    let program = Program::new("bell", || Bell { ready: Mutex::new(false), bell: Condvar::new() })
        .name("ready", |bell: &Bell| &bell.ready)
        .name("bell", |bell: &Bell| &bell.bell)
        .task("sleeper", |bell| {
            let ready = bell.ready.lock().unwrap();
            drop(bell.bell.wait(ready).unwrap());
        })
        .task("ringer", |bell| bell.bell.notify_one());
    let text = message(&program.check(&config()).unwrap());
    contains(&text, &["sleeper sleeps on \"bell\"", "cycle: none", "waits: wait bell"]);
}

#[test]
fn a_panic_names_its_task() {
    let program = Program::new("panics", || Stock { left: Value::new(1), sold: Value::new(0) })
        .name("left", |stock: &Stock| &stock.left)
        .name("sold", |stock: &Stock| &stock.sold)
        .task("writer", |stock| {
            let _sold = stock.sold.lock();
            stock.left.set(0);
            stock.left.set(1);
        })
        .task("reader", |stock| assert_eq!(stock.left.get(), 1, "nothing left"));
    let text = message(&program.check(&config()).unwrap());
    contains(
        &text,
        &[
            "panics: reader panicked at step 3: assertion `left == right` failed: nothing left (tests/",
            "    left: 0\n    right: 1",
            "~~ preempted, holds [sold]",
            "✗ │",
            "reader panicked: assertion",
            "critical pair: writer: set left = 0 at step 2",
            "then  reader: get left -> 0 at step 3",
        ],
    );
}

#[test]
fn a_dynamic_program_names_what_it_started() {
    let report = check(&config(), || {
        let count = Shared::new(Value::<i64>::new(-1));
        let add = |count: Shared<Value<i64>>| move || count.set(count.get() - 1);
        let children: Vec<_> = (0..2).map(|_| Process::spawn(add(count.clone()))).collect();
        for child in children {
            child.join().unwrap();
        }
        assert_eq!(count.get(), -3, "a subtraction was lost");
    })
    .unwrap();
    let text = message(&report);
    contains(
        &text,
        &[
            "main panicked at step 9:",
            "spawn process Process-",
            "join Process-",
            "get value 1 -> -1",
            "set value 1 = -2",
        ],
    );
}

#[test]
fn a_death_says_by_what() {
    let program = Program::new("dies", || Stock { left: Value::new(1), sold: Value::new(0) })
        .name("left", |stock: &Stock| &stock.left)
        .task("reader", |stock| {
            if stock.left.get() == 0 {
                std::process::abort();
            }
        })
        .task("writer", |stock| stock.left.set(0));
    let report = program.check(&config().engine(Engine::Real)).unwrap();
    let text = message(&report);
    contains(&text, &["dies: reader died at step 2: killed by signal 6", "✗ │", "engine real"]);
    assert!(
        report::failure(&report).unwrap().contains("\nreproduce: SELVEDGE_ENGINE=real SELVEDGE_REPLAY=sv1:")
    );
}

/// A program that counts its executions outside of its state fails at most once by the
/// same schedule: no run that passes is shown as the failing one.
#[test]
fn what_does_not_happen_again_is_not_shown() {
    use std::sync::atomic::{AtomicU32, Ordering};
    for jobs in [1, 2] {
        static EXECUTIONS: AtomicU32 = AtomicU32::new(0);
        EXECUTIONS.store(0, Ordering::Relaxed);
        let program = Program::new("restless", || Stock { left: Value::new(1), sold: Value::new(0) })
            .tasks("client", 2, |stock, _| stock.left.get())
            .finally(|_| assert_ne!(EXECUTIONS.fetch_add(1, Ordering::Relaxed), 20, "the unlucky one"));
        let report = program.check(&config().jobs(jobs)).unwrap();
        assert_eq!(report::failure(&report), None, "{report:?}");
        let why = report.tally.inconclusive.unwrap().verdict;
        assert!(matches!(why, selvedge_harness::Verdict::Nondeterministic(_)), "{why}");
    }
}

#[test]
fn unnamed_objects_read_well() {
    let program = Program::new("unnamed", || Stock { left: Value::new(1), sold: Value::new(0) });
    let program = program.tasks("client", 2, |stock, _| {
        let sold = stock.sold.lock();
        assert_eq!(sold.get(), 0);
        sold.set(1);
    });
    let text = message(&program.check(&config()).unwrap());
    contains(&text, &["lock 1"]);
    assert!(!text.contains(" lock lock"), "{text}");
}

/// Every kind of object has a word of its own, whatever was done to it first.
#[test]
fn unnamed_objects_are_called_what_they_are() {
    let said = |engine: Engine, body: fn()| message(&check(&config().engine(engine), body).unwrap());
    for engine in [Engine::Sim, Engine::Real] {
        let text = said(engine, || {
            let permits = Shared::new(Semaphore::new(1));
            permits.acquire();
            permits.acquire();
        });
        contains(&text, &["main waits to acquire \"semaphore 1\"", "held by main", "[semaphore 1]"]);
        let text = said(engine, || {
            let (set, never) = (Shared::new(Event::new()), Shared::new(Event::new()));
            set.set();
            set.wait();
            never.wait();
        });
        contains(&text, &["set event 1", "main waits for \"event 2\""]);
        let text = said(engine, || _ = Shared::new(Barrier::new(2)).wait());
        contains(&text, &["arrive barrier 1", "main waits for \"barrier 1\""]);
        let text = said(engine, || {
            let pair = Shared::new(Pair { lock: Mutex::new(0), changed: Condvar::new() });
            let guard = pair.lock.lock().unwrap();
            drop(pair.changed.wait(guard));
        });
        contains(&text, &["main sleeps on \"condvar 1\"", "unlocks lock 1"]);
        let text = said(engine, || {
            let shelf = Shared::new(RwLock::new(0));
            let _read = shelf.read();
            let _write = shelf.write();
        });
        contains(&text, &["main waits to write \"rwlock 1\"", "[rwlock 1]"]);
        let text = said(engine, || _ = PlainQueue::<u32>::bounded(1).get());
        contains(&text, &["get \"queue 1\""]);
    }
}

shareable! { struct Pair { lock: Mutex<u32>, changed: Condvar } }

/// A task can be named before it is started, and after.
#[test]
fn tasks_are_called_as_their_handles() {
    for engine in [Engine::Sim, Engine::Real] {
        let report = check(&config().engine(engine), || {
            let gate = Shared::new(Event::new());
            let wait = |gate: Shared<Event>| move || gate.wait();
            let spawned = Process::spawn(wait(gate.clone())).name("spawned");
            let mut made = Process::new(wait(gate.clone())).name("made");
            made.start().unwrap();
            let mut thread = thread::Thread::new(wait(gate)).name("before");
            thread.start().unwrap();
            let thread = thread.name("after");
            _ = (spawned.join(), made.join(), thread.join());
        });
        let text = message(&report.unwrap());
        for name in ["spawned", "made", "after"] {
            contains(&text, &[&format!("{name} waits for \"event 1\"")]);
        }
        assert!(!text.contains("Process-1") && !text.contains("before"), "{text}");
    }
}

#[test]
fn a_signal_is_not_left_unfinished() {
    let report = check(&config(), || {
        let gate = Shared::new(Event::new());
        let child = Process::spawn({
            let gate = gate.clone();
            move || gate.wait()
        });
        child.kill().unwrap();
        assert!(child.join().unwrap().success(), "killed");
    })
    .unwrap();
    let text = message(&report);
    contains(&text, &["kill Process-"]);
    assert!(!text.contains("never finished"), "{text}");
}

/// Set for the child that the next test runs.
const HEARS: &str = "MESSAGES_HEAR_THE_ENVIRONMENT";

/// Explores as the environment says, if asked to: the subject of the next test.
#[test]
fn explores_if_asked() {
    if std::env::var_os(HEARS).is_some() {
        ticket(2).explore(&Config::default()).unwrap();
    }
}

#[test]
fn a_schedule_cannot_be_replayed_unscheduled() {
    let token = ticket(2).check(&config()).unwrap().finding.unwrap().token;
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "explores_if_asked", "--nocapture"])
        .envs([(HEARS, "1"), ("SELVEDGE_ENGINE", "wild"), ("SELVEDGE_REPLAY", &*token)])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    contains(
        &text,
        &["ticket: a schedule cannot be replayed in wild, where nobody schedules; use sim or real"],
    );
    assert_eq!(output.status.code(), Some(101), "{text}");
}

#[test]
fn what_holds_has_no_message() {
    let report = ticket(1).check(&config().exhaust()).unwrap();
    assert_eq!(report::failure(&report), None);
    assert_eq!(report::summary_line(&report), "ticket: every law holds in all 1 execution");
    let share = Report { shard: selvedge_harness::program::Shard::new(1, 2).unwrap(), ..report };
    assert_eq!(report::summary_line(&share), "ticket: every law holds in all 1 execution of share 1/2");
}

#[test]
fn the_page_shows_every_finding() {
    let racy = ticket(2).check(&config()).unwrap();
    let crowd = ticket(100).check(&Config { shrink_budget: 2000, ..config() }).unwrap();
    let stuck = table(3).check(&config()).unwrap();
    let fine = ticket(1).check(&config().exhaust()).unwrap();
    let page = report::html(&[
        Entry::new("ticket racy", &racy),
        Entry::new("ticket of a hundred", &crowd),
        Entry::new("forks naive", &stuck),
        Entry::new("ticket alone", &fine),
    ]);
    contains(
        &page,
        &["ticket racy", "law broken", "deadlock", "holds in all", "waits: lock fork 1", "ran alone"],
    );
    assert_eq!(page.matches("<section").count(), 3);
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("messages.html"), page).unwrap();
}

/// Of two tasks that take the same lock and finish the same work, each step stands at a line of
/// the task that took it: also the words of a call, between which the other one had the turn.
#[test]
fn each_step_stands_where_its_task_called_it() {
    shareable! {
        struct Work { lock: Mutex<u32>, tasks: JoinableQueue<u32> }
    }
    let lines = [line!(), line!() + 8, line!() + 17];
    let program = || {
        Program::new("work", || Work { lock: Mutex::new(0), tasks: JoinableQueue::bounded(2) })
            .task("worker", |work: &Work| {
                *work.lock.lock().unwrap() += 1;
                work.tasks.put(1).unwrap();
                work.tasks.get().unwrap();
                work.tasks.task_done().unwrap();
            })
            .task("waiter", |work: &Work| {
                *work.lock.lock().unwrap() += 1;
                work.tasks.join().unwrap();
                *work.lock.lock().unwrap() += 1;
            })
    };
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in [Engine::Sim, Engine::Real] {
            let config = Config::default().engine(engine).granularity(granularity).ignore_environment();
            for recording in program().record(&config, 0..40).unwrap() {
                for step in recording.steps.iter().filter(|step| step.name != "start") {
                    let own = lines[step.task]..lines[step.task + 1];
                    assert!(
                        step.place.file.ends_with("messages.rs") && own.contains(&step.place.line),
                        "{engine:?}, {granularity:?}: task {} does {} at {}",
                        step.task,
                        step.name,
                        step.place
                    );
                }
            }
        }
    }
}
