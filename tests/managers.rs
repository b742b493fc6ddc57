//! Do managers keep their laws under every schedule, and while somebody is killed?
//!
//! In fibers and in processes under the scheduler; natively with SIGKILL at moments of the
//! kernel's choice, of clients and of the server.
//!
//! One test runs at a time: a command that a test beside it starts has, for a moment, copies of
//! the sockets of the fibers, and as long as it has them, none of these meets its end.

use rusty_fork::rusty_fork_test;
use selvedge::manager as native;
use selvedge::{Error, ExitStatus};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::{AnyProgram, Swap};
use selvedge_harness::report::{Style, explain};
use selvedge_harness::{Checked, Verdict};
use serial_test::serial;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

type Dict = selvedge::manager::Dict<String, u32, Checked>;

/// What a call came to, unless the server is gone, which some programs here are about.
fn alive<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::ManagerGone { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

fn in_two_steps(dict: &Dict) -> Option<()> {
    let hits = alive(dict.get("hits"))??;
    alive(dict.insert("hits", &(hits + 1))).map(drop)
}

fn at_once(dict: &Dict) -> Option<()> {
    alive(dict.update("hits", |hits| hits.map(|hits| hits + 1))).map(drop)
}

/// Two clients count in a dict, by `count`, which says whether that was acknowledged. They
/// and the server may be killed.
fn counting(count: fn(&Dict) -> Option<()>) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let Ok(mut manager) = Manager::start() else { return };
        let Some(dict) = alive(manager.dict::<String, u32>()) else { return };
        alive(dict.insert("hits", &0));
        let clients = [(); 2].map(|()| {
            let dict = dict.clone();
            Process::spawn(move || {
                if count(&dict).is_none() {
                    selvedge::process::exit::<Checked>(1);
                }
            })
        });
        let acknowledged = clients.into_iter().filter(|client| client.join().unwrap().success()).count();
        if let Some(hits) = alive(dict.get("hits")) {
            let hits = hits.unwrap() as usize;
            assert!(hits >= acknowledged, "an update was lost: {hits}");
            assert!(hits <= 2, "an update was made twice: {hits}");
        }
        manager.shutdown().unwrap();
    })
}

/// Two clients read and write under a lock of the manager's. Who dies with it leaves it to
/// the next one, who is told.
fn locking() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let Ok(mut manager) = Manager::start() else { return };
        let Some((dict, lock)) = alive(manager.dict::<String, u32>()).zip(alive(manager.lock())) else {
            return;
        };
        alive(dict.insert("hits", &0));
        let clients = [(); 2].map(|()| {
            let (dict, lock) = (dict.clone(), lock.clone());
            Process::spawn(move || {
                let counted = alive(lock.acquire()).and_then(|_| in_two_steps(&dict));
                if counted.and_then(|()| alive(lock.release())).is_none() {
                    selvedge::process::exit::<Checked>(1);
                }
            })
        });
        let acknowledged = clients.into_iter().filter(|client| client.join().unwrap().success()).count();
        if alive(lock.acquire()).is_some()
            && let Some(Some(hits)) = alive(dict.get("hits"))
        {
            assert!(hits as usize >= acknowledged, "an update was lost: {hits}");
        }
        manager.shutdown().unwrap();
    })
}

/// Explores a program in both engines; tells whether nothing was found in either.
fn is_sound(program: impl Fn() -> AnyProgram, kills: u8) -> bool {
    let mut sound = true;
    for (engine, executions) in [(Engine::Sim, 50), (Engine::Real, 15)] {
        let config = Config { shrink: false, ..Config::default() }.engine(engine);
        let config = config.executions(executions).faults(Faults::kills(kills)).ignore_environment();
        let tally = program().check("law", &config).unwrap().tally;
        assert_eq!(tally.inconclusive, None, "{engine:?}");
        if let Some(found) = &tally.first {
            println!("{engine:?}: {}", found.verdict);
        }
        sound &= tally.first.is_none();
    }
    sound
}

#[test]
#[serial]
fn updates_of_one_step_are_all_counted() {
    assert!(is_sound(|| counting(at_once), 0));
}

#[test]
#[serial]
fn updates_of_one_step_are_all_counted_whoever_is_killed() {
    assert!(is_sound(|| counting(at_once), 1));
}

#[test]
#[serial]
fn updates_of_two_steps_are_lost() {
    assert!(!is_sound(|| counting(in_two_steps), 0));
}

#[test]
#[serial]
fn updates_of_two_steps_under_a_lock_are_all_counted_whoever_is_killed() {
    assert!(is_sound(locking, 0) && is_sound(locking, 1));
}

/// How often somebody is killed.
const KILLS: u64 = if cfg!(debug_assertions) { 60 } else { 1000 };
const LONG: Duration = Duration::from_secs(180);

/// Lets up to a millisecond pass without giving the core away.
fn pass(random: &mut u64) {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let end = Instant::now() + Duration::from_nanos((*random >> 33) % 1_000_000);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// What the clients of the tests below use.
#[derive(Clone)]
struct Objects {
    hits: native::Dict<String, u64>,
    log: native::List<(u64, u64)>,
    lock: native::Lock,
    pair: native::Array<u64>,
}

impl Objects {
    fn of(manager: &native::Manager) -> Objects {
        Objects {
            hits: manager.dict().unwrap(),
            log: manager.list([]).unwrap(),
            lock: manager.lock().unwrap(),
            pair: manager.array([0, 0]).unwrap(),
        }
    }

    /// Counts, writes into the log, and counts twice in two steps under the lock; returns
    /// how many of the first two were acknowledged by then, through `note`.
    fn work(&self, me: u64, note: impl Fn()) -> Result<(), Error> {
        for round in 0.. {
            self.hits.update("hits", |hits| Some(hits.unwrap_or(0) + 1))?;
            note();
            self.log.push(&(me, round))?;
            let held = self.lock.lock()?;
            if held.was_abandoned() {
                // Whoever died may have written one of them.
                let first = self.pair.get(0)?.unwrap_or(0);
                self.pair.set(1, &first)?;
            }
            let pair = self.pair.to_vec()?;
            assert_eq!(pair[0], pair[1], "two had the lock");
            self.pair.set(0, &(pair[0] + 1))?;
            self.pair.set(1, &(pair[1] + 1))?;
        }
        Ok(())
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    /// Nothing is lost that was acknowledged, nothing is done twice, and the others go on.
    #[test]
    #[serial]
    fn native_clients_are_killed_and_the_others_go_on() {
        let manager = native::Manager::start().unwrap();
        let objects = Objects::of(&manager);
        let noted: selvedge::Array<u64> = selvedge::Array::new(KILLS as usize + 2);
        let start = |me: u64| {
            let (objects, noted) = (objects.clone(), noted.clone());
            selvedge::Process::spawn(move || objects.work(me, || _ = noted.fetch_add(me as usize, 1)).unwrap())
        };
        let mut clients = [start(0), start(1)];
        let mut random = 1;
        for kill in 0..KILLS {
            let victim = (kill % 2) as usize;
            pass(&mut random);
            clients[victim].kill().unwrap();
            assert_eq!(clients[victim].join().unwrap(), ExitStatus::Signal(9));
            // Whoever has the lock now gives it back: the dead one does not have it.
            let held = objects.lock.acquire_timeout(LONG).unwrap().expect("nobody gives the lock back");
            if held == native::Held::Abandoned {
                let first = objects.pair.get(0).unwrap().unwrap();
                objects.pair.set(1, &first).unwrap();
            }
            objects.lock.release().unwrap();
            clients[victim] = start(kill + 2);
        }
        // The others go on: so do the last two.
        let until = std::time::Instant::now() + LONG;
        while (KILLS..KILLS + 2).any(|client| noted.get(client as usize) < 3) {
            assert!(std::time::Instant::now() < until, "the last two do not go on: {:?}", noted.to_vec());
            std::thread::yield_now();
        }
        for client in &clients {
            client.kill().unwrap();
            client.join().unwrap();
        }
        let acknowledged: u64 = noted.to_vec().iter().sum();
        let hits = objects.hits.get("hits").unwrap().unwrap_or(0);
        assert!((acknowledged..=acknowledged + KILLS + 2).contains(&hits), "{acknowledged} were acknowledged, {hits} done");
        let log = objects.log.to_vec().unwrap();
        assert!(log.len() as u64 >= acknowledged.saturating_sub(KILLS + 2) && hits >= 6, "{hits}");
        for me in 0..KILLS + 2 {
            let rounds: Vec<u64> = log.iter().filter(|(who, _)| *who == me).map(|(_, round)| *round).collect();
            assert_eq!(rounds, (0..rounds.len() as u64).collect::<Vec<_>>(), "client {me}");
            let noted = noted.get(me as usize);
            assert!((noted.saturating_sub(1)..=noted + 1).contains(&(rounds.len() as u64)), "client {me}");
        }
    }

    /// Each of its clients is told, whatever it was at.
    #[test]
    #[serial]
    fn a_native_server_is_killed_and_every_client_is_told() {
        let mut random = 1;
        for kill in 0..KILLS / 4 {
            let manager = native::Manager::start().unwrap();
            let objects = Objects::of(&manager);
            let waits = manager.event().unwrap();
            let begun: selvedge::Array<u64> = selvedge::Array::new(1);
            let clients = [0, 1, 2].map(|me| {
                let (objects, waits, begun) = (objects.clone(), waits.clone(), begun.clone());
                selvedge::Process::spawn(move || {
                    begun.fetch_add(0, 1);
                    let end = if me == 2 { waits.wait() } else { objects.work(me, || ()) };
                    assert!(matches!(end, Err(Error::ManagerGone { .. })), "{end:?}");
                })
            });
            while begun.get(0) < 3 {
                std::thread::yield_now();
            }
            pass(&mut random);
            let server = nix::unistd::Pid::from_raw(manager.pid().unwrap().cast_signed());
            nix::sys::signal::kill(server, nix::sys::signal::Signal::SIGKILL).unwrap();
            for client in clients {
                let end = client.join_timeout(LONG).unwrap();
                assert!(end.is_some_and(|end| end.success()), "kill {kill}: {end:?}");
            }
            assert!(matches!(objects.hits.len(), Err(Error::ManagerGone { .. })));
        }
    }
}

/// No run, and no engine, tells it by an address that another one does not have.
#[test]
#[serial]
fn what_is_said_of_a_server_that_is_gone_is_the_same_in_every_run() {
    let said = |engine: Engine| {
        let program = AnyProgram::dynamic(|| {
            let mut manager = Manager::start().unwrap();
            let dict = manager.dict::<String, u32>().unwrap();
            manager.shutdown().unwrap();
            let error = dict.len().unwrap_err();
            panic!("{error}; {error:?}");
        });
        let config = Config::default().engine(engine).ignore_environment();
        let recordings = program.record(&config, 0..3).unwrap();
        recordings.into_iter().map(|recording| match recording.verdict {
            Verdict::Panic { message, .. } => message,
            other => panic!("{other:?}"),
        })
    };
    let all: BTreeSet<String> = [Engine::Sim, Engine::Real].into_iter().flat_map(said).collect();
    let text = "the manager at an address of its own is gone: its process has ended or was never there; \
                ManagerGone { address: an address of its own }";
    assert_eq!(all, [text.to_owned()].into());
}

#[test]
#[serial]
fn a_race_over_a_dict_is_told_in_lines_of_the_program() {
    let program = AnyProgram::dynamic(|| {
        let mut manager = Manager::start().unwrap();
        let dict = manager.dict::<String, u32>().unwrap();
        dict.insert("hits", &0).unwrap();
        let clients = [(); 2].map(|()| {
            let dict = dict.clone();
            Process::spawn(move || _ = in_two_steps(&dict))
        });
        clients.into_iter().for_each(|client| assert!(client.join().unwrap().success()));
        assert_eq!(dict.get("hits").unwrap(), Some(2));
        manager.shutdown().unwrap();
    });
    let config = Config { shrink_budget: 200, ..Config::default().ignore_environment().executions(500) };
    let report = program.check("dict", &config).unwrap();
    let text = explain(&report, Style::Plain).expect("a lost update");
    let finding = report.finding.expect("a lost update");
    let tasks = &finding.recording.tasks;
    // Those of the library say what they are, and get no lane where there is no room for all.
    let helpers: Vec<&str> = tasks.iter().filter(|task| task.helps).map(|task| &*task.name).collect();
    assert_eq!(helpers, ["Manager", "Manager: key check", "Manager: key check", "Manager: key check"]);
    let lanes = text.lines().find(|line| line.trim_start().starts_with("step ")).unwrap();
    assert!(lanes.contains("main") && lanes.contains("Process-3") && !lanes.contains("Manager"), "{text}");
    // All that the program did, it did in its own lines, save for what it left to a destructor.
    let steps = finding.recording.steps.iter().filter(|step| !tasks[step.task].helps);
    let strange: Vec<_> = steps.filter(|step| step.place.file != "tests/managers.rs").collect();
    assert!(strange.len() <= 2 && strange.iter().all(|step| step.task == 0), "{strange:?}");
    let Some(Swap::Passes { pair, .. }) = &finding.swap else { panic!("no pair: {text}") };
    assert!(pair.tasks(&finding.recording).into_iter().all(|task| !tasks[task].helps), "{text}");
}

/// Also of the ends of its clients, of which the server hears in the same steps.
#[test]
#[serial]
fn a_manager_leaves_the_same_trace_in_both_engines() {
    for allowed in [Faults::none(), Faults::kills(1)] {
        let [sim, real] = [Engine::Sim, Engine::Real].map(|engine| {
            let config = Config::default().engine(engine).ignore_environment().seed(4);
            counting(in_two_steps).record(&config.faults(allowed.clone()), 0..50).unwrap()
        });
        for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
            let at = a.steps.iter().zip(&b.steps).position(|(a, b)| a != b);
            assert_eq!(at.map(|at| (&a.steps[at], &b.steps[at])), None, "execution {index}, step {at:?}");
            assert_eq!(a, b, "execution {index}");
        }
    }
}

/// Its starter is killed at whatever point, asked to end, or forgets it: the server ends.
#[test]
#[serial]
fn a_server_ends_with_its_starter() {
    let ends: [fn(&Process); 3] =
        [|starter| starter.kill().unwrap(), |starter| starter.terminate().unwrap(), |_| ()];
    for end in ends {
        let program = AnyProgram::dynamic(move || {
            let starter = Process::spawn(|| {
                let manager = Manager::start();
                if let Some(dict) =
                    manager.as_ref().ok().and_then(|manager| alive(manager.dict::<String, u32>()))
                {
                    alive(dict.insert("hits", &1));
                }
                std::mem::forget(manager);
            });
            end(&starter);
            starter.join().unwrap();
        });
        for engine in [Engine::Sim, Engine::Real] {
            let config = Config { shrink: false, ..Config::default() }.engine(engine).ignore_environment();
            let report = program.check("starter", &config.executions(100)).unwrap();
            assert_eq!(report.tally.first.map(|found| found.verdict), None, "{engine:?}");
        }
        let [sim, real] = [Engine::Sim, Engine::Real].map(|engine| {
            let config = Config::default().engine(engine).seed(4).ignore_environment();
            program.record(&config, 0..60).unwrap()
        });
        assert_eq!(sim, real);
    }
}
