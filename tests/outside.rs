//! Does a wait that nobody can end, outside of the tasks, end as a finding that names it?
//! A hang would be no answer.

use selvedge_harness::prelude::*;
use selvedge_harness::{Limits, Verdict, check};
use std::io::{Read, pipe};
use std::time::Duration;

const ALL: [Engine; 3] = [Engine::Sim, Engine::Real, Engine::Wild];

shareable! {
    struct Desk { lock: Mutex<u32>, again: ReentrantMutex<u32>, seats: Semaphore, bell: Event, count: Value<u32> }
}

fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default().engine(engine).ignore_environment().executions(3) }
}

fn desk() -> Desk {
    Desk {
        lock: Mutex::new(0),
        again: ReentrantMutex::new(0),
        seats: Semaphore::new(0),
        bell: Event::new(),
        count: Value::new(0),
    }
}

/// A program that ends well but for what its check does.
fn ending(check: Check) -> Program<Desk> {
    Program::new("ending", desk).task("clerk", |desk| desk.count.fetch_add(1)).finally(check)
}

/// What is checked at the end.
type Check = fn(&Desk);

/// What the check waits for, the operation's name, and the wait.
const WAITS: [(&str, Check); 6] = [
    ("lock", |desk| {
        let _held = desk.lock.lock().unwrap();
        let _again = desk.lock.lock();
    }),
    ("acquire", |desk| desk.seats.acquire()),
    ("wait", |desk| desk.bell.wait()),
    ("await_eq", |desk| desk.count.await_eq(7)),
    ("read", |_| {
        let (reader, _writer) = pipe().unwrap();
        let _ = Stream::new(reader).read(&mut [0]);
    }),
    ("pause", |_| Signals::pause().unwrap()),
];

#[test]
fn a_check_that_waits_for_ever_is_a_finding_that_names_its_operation() {
    for engine in ALL {
        for (name, wait) in WAITS {
            let report = ending(wait).check(&quiet(engine)).unwrap();
            let verdict = report.tally.first.expect("a finding").verdict;
            let Verdict::Law { message, place } = verdict else { panic!("{engine:?}, {name}: {verdict:?}") };
            let text = format!("`finally` waits for ever: {name} (");
            assert!(message.starts_with(&text), "{engine:?}: {message}");
            assert!(place.file.ends_with("outside.rs") && place.line > 0, "{engine:?}, {name}: {place}");
        }
    }
}

/// Time passes at once where nobody else runs, and is no finding.
#[test]
fn a_check_that_waits_for_a_time_goes_on() {
    const HOUR: Duration = Duration::from_secs(3600);
    for engine in ALL {
        let waits = |desk: &Desk| {
            assert!(!desk.bell.wait_timeout(HOUR));
            let _held = desk.lock.lock().unwrap();
            assert!(desk.lock.try_lock_for(HOUR).is_err());
            thread::sleep(HOUR);
        };
        let report = ending(waits).check(&quiet(engine)).unwrap();
        assert_eq!(report.tally.violations, 0, "{engine:?}: {:?}", report.tally.first);
    }
}

/// Whom a check starts may end its wait.
#[test]
fn a_check_may_wait_for_whom_it_starts() {
    for engine in ALL {
        let waits = |_: &Desk| {
            let bell = Shared::new(Event::new());
            let ringer = Process::spawn({
                let bell = bell.clone();
                move || bell.set()
            });
            bell.wait();
            assert!(ringer.join().unwrap().success());
        };
        let report = ending(waits).check(&quiet(engine)).unwrap();
        assert_eq!(report.tally.violations, 0, "{engine:?}: {:?}", report.tally.first);
    }
}

/// Set-up, label and destructor are told apart.
#[test]
fn other_parts_that_wait_for_ever_are_told() {
    for engine in ALL {
        let program = Program::new("set-up", || {
            let desk = desk();
            desk.seats.acquire();
            desk
        });
        let error = program.task("clerk", |_| ()).explore(&quiet(engine)).unwrap_err().to_string();
        assert!(error.contains("the set-up (init) waits for ever: acquire ("), "{engine:?}: {error}");
        let labels = ending(|_| ()).label(|desk, _| desk.seats.acquire());
        let verdict = labels.check(&quiet(engine)).unwrap().tally.first.expect("a finding").verdict;
        let text = verdict.to_string();
        assert!(text.contains("`label` waits for ever: acquire ("), "{engine:?}: {text}");
    }
}

/// The main body of a dynamic program is a task, and a deadlock of its own.
#[test]
fn a_main_body_that_waits_for_ever_is_a_deadlock() {
    for engine in [Engine::Sim, Engine::Real] {
        let report = check(&quiet(engine), || {
            let seats = Shared::new(Semaphore::new(0));
            Process::spawn(|| ()).join().unwrap();
            seats.acquire();
        })
        .unwrap();
        let finding = report.finding.expect("a deadlock");
        assert_eq!(finding.recording.verdict, Verdict::Deadlock, "{engine:?}");
        assert_eq!(finding.recording.tasks[0].pending.as_ref().unwrap().name, "acquire");
    }
}

/// A second without an operation is too long here.
fn impatient(engine: Engine) -> Config {
    let limits = Limits { patience: Duration::from_secs(1), ..Limits::default() };
    Config { limits, ..quiet(engine) }
}

/// What never waits, and never ends, no scheduler can stop: a deadline does.
#[test]
fn a_check_that_never_ends_is_cut_in_processes() {
    for (place, name) in [("finally", "`finally`"), ("init", "the set-up (init)")] {
        let error = spinning(place).check(&impatient(Engine::Real)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("did not come to its end in time"), "{error}");
    }
}

/// A program of which one part looks for ever at what nobody changes.
fn spinning(place: &'static str) -> Program<Desk> {
    let spin = move |here: &str, desk: &Desk| while here == place && desk.count.get() != 7 {};
    let build = move || {
        let desk = desk();
        spin("init", &desk);
        desk
    };
    Program::new("spinning", build)
        .task("clerk", |desk| desk.count.set(1))
        .finally(move |desk| spin("finally", desk))
}

/// Set for the child that the next test runs.
const SPINS: &str = "OUTSIDE_SPINS_IN_FIBERS";

#[test]
fn spins_if_asked() {
    if let Ok(place) = std::env::var(SPINS) {
        let _ = spinning(place.leak()).check(&impatient(Engine::Sim));
    }
}

/// In fibers nothing is left to go on with: the program ends, and says why.
#[test]
fn a_check_that_never_ends_is_cut_in_fibers() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "spins_if_asked", "--nocapture"])
        .env(SPINS, "finally")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(101), "{text}");
    assert!(text.contains("`finally` did not come to its end in time"), "{text}");
}

/// Who is left behind by a panic of another leaves its code; if it spins on the way it is
/// waited for once, and the panic is the finding.
#[test]
fn a_destructor_that_spins_is_cut() {
    struct Spins<'d>(&'d Desk);
    impl Drop for Spins<'_> {
        fn drop(&mut self) {
            while self.0.count.get() != 7 {}
        }
    }
    for engine in [Engine::Sim, Engine::Real] {
        let program = Program::new("left", desk)
            .task("waiter", |desk| {
                let _spins = Spins(desk);
                desk.bell.wait();
            })
            .task("other", |desk| {
                desk.count.set(1);
                panic!("fell");
            });
        let report = program.check(&impatient(engine)).unwrap();
        let verdict = report.tally.first.expect("a finding").verdict;
        assert!(matches!(&verdict, Verdict::Panic { message, .. } if message == "fell"), "{verdict:?}");
    }
}
