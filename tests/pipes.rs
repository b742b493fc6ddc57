//! Do pipes for messages, and processes that start processes, keep their promises under
//! the scheduler, in both engines alike? And is a program that breaks them caught?

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Report, Verdict};
use serial_test::serial;
use std::time::Duration;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).ignore_environment()
}

fn faults(text: &str) -> Faults {
    if text.is_empty() { Faults::none() } else { text.parse().unwrap() }
}

/// Explores in both engines and at both granularities; tells what was found first.
fn each(program: impl Fn() -> AnyProgram, allowed: &str, executions: u64) -> Vec<Option<Verdict>> {
    let mut found = Vec::new();
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in BOTH {
            let executions = if engine == Engine::Sim { executions } else { executions / 10 };
            let config =
                quiet(engine).granularity(granularity).executions(executions).faults(faults(allowed));
            let report: Report = program().check("pipes", &config).unwrap();
            assert_eq!(report.tally.inconclusive, None, "{engine:?} {granularity:?}");
            found.push(report.tally.first.map(|first| first.verdict));
        }
    }
    found
}

#[track_caller]
fn holds(program: impl Fn() -> AnyProgram, allowed: &str, executions: u64) {
    let found = each(program, allowed, executions);
    assert!(found.iter().all(Option::is_none), "{found:?}");
}

#[track_caller]
fn is_caught(program: impl Fn() -> AnyProgram, allowed: &str, executions: u64) {
    let found = each(program, allowed, executions);
    assert!(found.iter().all(Option::is_some), "{found:?}");
}

/// Two children send a message each that takes several chunks, and a third receives both.
fn senders(duplex: bool) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let (mut reader, writer) = pipe(duplex).unwrap();
        let len = if duplex { 70_000 } else { 6_000 };
        let (mut passing, there) = pipe(true).unwrap();
        there.send(&writer).unwrap();
        let other: Connection = passing.recv().unwrap();
        let send = |connection: Connection, byte: u8| {
            Process::spawn(move || connection.send_bytes(&vec![byte; len]).unwrap())
        };
        let children = [send(writer, b'a'), send(other, b'b')];
        let mut messages = [reader.recv_bytes(len).unwrap(), reader.recv_bytes(len).unwrap()];
        messages.sort_unstable();
        assert!(messages[0] == vec![b'a'; len] && messages[1] == vec![b'b'; len], "messages were mixed");
        for child in children {
            child.join().unwrap();
        }
    })
}

#[test]
#[serial]
fn messages_of_many_senders_come_whole() {
    for duplex in [false, true] {
        holds(move || senders(duplex), "", 300);
        holds(move || senders(duplex), "eintr:2,short_io:2", 300);
    }
}

#[test]
#[serial]
fn messages_leave_the_same_trace_in_both_engines() {
    for text in ["", "eintr:1,short_io:2"] {
        let [sim, real] = BOTH
            .map(|engine| senders(false).record(&quiet(engine).seed(5).faults(faults(text)), 0..30).unwrap());
        for (index, (a, b)) in sim.iter().zip(&real).enumerate() {
            assert_eq!(a, b, "execution {index}");
        }
    }
}

/// Two children answer over one two-way pipe; who takes the first answer for that of the
/// first child is wrong in some schedule.
#[test]
#[serial]
fn answers_come_in_any_order() {
    let program = |believes: bool| {
        AnyProgram::dynamic(move || {
            let (mut answers, tell) = pipe(false).unwrap();
            let (mut passing, there) = pipe(true).unwrap();
            there.send(&tell).unwrap();
            let also: Connection = passing.recv().unwrap();
            let one = Process::spawn(move || tell.send(&1_u8).unwrap());
            let two = Process::spawn(move || also.send(&2_u8).unwrap());
            let first: u8 = answers.recv().unwrap();
            let second: u8 = answers.recv().unwrap();
            assert_eq!(first + second, 3);
            assert!(!believes || first == 1, "another order");
            one.join().unwrap();
            two.join().unwrap();
        })
    };
    holds(move || program(false), "", 100);
    is_caught(move || program(true), "", 100);
}

/// Both ends of a two-way pipe receive before they send: nobody ever goes on.
#[test]
#[serial]
fn two_that_wait_for_each_other_are_a_deadlock() {
    let program = || {
        AnyProgram::dynamic(|| {
            let (mut here, mut there) = pipe(true).unwrap();
            let child = Process::spawn(move || {
                let _: u8 = there.recv().unwrap();
                there.send(&1_u8).unwrap();
            });
            let _: u8 = here.recv().unwrap();
            here.send(&1_u8).unwrap();
            child.join().unwrap();
        })
    };
    let found = each(program, "", 20);
    assert!(found.iter().all(|verdict| *verdict == Some(Verdict::Deadlock)), "{found:?}");
}

/// A sender is killed somewhere in a message of several chunks: the receiver gets the
/// message of the other one whole, and then the end of the file.
#[test]
#[serial]
fn a_sender_that_dies_spoils_no_message() {
    let program = || {
        AnyProgram::dynamic(|| {
            let (mut reader, writer) = pipe(false).unwrap();
            let child = Process::spawn(move || {
                writer.send_bytes(&[1; 9_000]).unwrap();
                writer.send_bytes(&[2; 5]).unwrap();
            });
            let mut messages = Vec::new();
            while let Ok(message) = reader.recv_bytes(9_000) {
                messages.push(message);
            }
            let whole = child.join().unwrap().success();
            let [first, second] = [vec![1; 9_000], vec![2; 5]];
            assert!(messages.is_empty() || messages[0] == first);
            assert!(messages.len() < 2 || messages[1] == second);
            assert!(!whole || messages.len() == 2, "a message is missing");
        })
    };
    holds(program, "kills:1", 300);
}

/// A wait by the virtual clock, for several.
#[test]
#[serial]
fn several_are_waited_for() {
    let program = |patient: bool| {
        AnyProgram::dynamic(move || {
            let ((mut one, tell_one), (two, tell_two)) = (pipe(false).unwrap(), pipe(true).unwrap());
            let children = [
                Process::spawn(move || tell_one.send(&1_u8).unwrap()),
                Process::spawn(move || {
                    let _open = tell_two;
                    thread::sleep(Duration::from_secs(5));
                }),
            ];
            let timeout = patient.then_some(Duration::from_secs(3600));
            let timeout = timeout.unwrap_or(Duration::ZERO);
            let ready = wait(&[(&one).into(), (&two).into()], timeout).unwrap();
            assert!(ready.contains(&0) || patient && !ready.is_empty(), "nobody is ready yet");
            assert_eq!(one.recv::<u8>().unwrap(), 1);
            for child in children {
                child.join().unwrap();
            }
        })
    };
    holds(move || program(true), "", 100);
    is_caught(move || program(false), "", 100);
}

/// A client and a listener show each other the key, whoever runs when.
#[test]
#[serial]
fn a_key_is_shown_in_every_schedule() {
    let program = |right: bool| {
        AnyProgram::dynamic(move || {
            let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
            let key = selvedge::process::AuthKey::new(b"key");
            let listener = listener.authkey(&key);
            let (at, own) = (
                listener.address().clone(),
                if right { key.clone() } else { selvedge::process::AuthKey::new(b"no") },
            );
            let child = Process::spawn(move || {
                let server = selvedge::net::connect::<selvedge_harness::Checked>(&at, Some(&own));
                if let Ok(server) = server {
                    server.send("hello").unwrap();
                }
            });
            assert_eq!(listener.accept().unwrap().recv::<String>().unwrap(), "hello");
            child.join().unwrap();
        })
    };
    holds(move || program(true), "", 60);
    is_caught(move || program(false), "", 20);
}

shareable! { struct Seen { number: Value<u32>, gate: Event } }

/// A child ends its daemon and waits for its other child before it has ended itself. Who
/// leaves by `exit` does not.
#[test]
#[serial]
fn a_process_leaves_nobody_behind() {
    let program = |leaves: bool| {
        AnyProgram::dynamic(move || {
            let seen = Shared::new(Seen { number: Value::new(0), gate: Event::new() });
            let copy = seen.clone();
            let child = Process::spawn(move || {
                let (one, two) = (copy.clone(), copy.clone());
                let daemon = Process::new(move || one.gate.wait());
                daemon.daemon(true).start().unwrap();
                Process::new(move || two.number.fetch_add(1)).start().unwrap();
                if leaves {
                    selvedge::process::exit::<selvedge_harness::Checked>(0);
                }
            });
            assert!(child.join().unwrap().success());
            assert_eq!(seen.number.get(), 1, "the other child was not waited for");
            seen.gate.set();
        })
    };
    holds(move || program(false), "", 200);
    is_caught(move || program(true), "", 200);
}

/// Names, parents and children are those of a program of real processes, in fibers too.
#[test]
#[serial]
fn fibers_know_who_they_are() {
    use selvedge::process::{active_children, current};
    use selvedge_harness::Checked;
    let program = || {
        AnyProgram::dynamic(|| {
            assert_eq!(current::<Checked>().name(), "MainProcess");
            let child = Process::new(|| {
                let me = current::<Checked>();
                assert_eq!((me.name(), me.is_daemon()), ("Process-1", false));
                let grandchild = Process::spawn(|| {
                    let me = current::<Checked>();
                    assert_eq!(me.name(), "Process-1:1");
                    assert_eq!(me.parent().unwrap().name, "Process-1");
                });
                assert!(grandchild.join().unwrap().success());
            });
            let mut child = child;
            child.start().unwrap();
            let names: Vec<String> =
                active_children::<Checked>().iter().map(|one| one.get_name().to_owned()).collect();
            assert!(names.is_empty() || names == ["Process-1"]);
            assert!(child.join().unwrap().success());
            assert!(active_children::<Checked>().is_empty());
            let other = thread::spawn(|| current::<Checked>().name().to_owned());
            assert_eq!(other.join().unwrap(), "MainProcess");
        })
    };
    holds(program, "", 100);
}

/// Timers and agendas go by the virtual clock: hours pass at once, and a timer that is
/// cancelled in time never fires.
#[test]
#[serial]
fn time_passes_for_timers_and_agendas() {
    let program = |cancels: bool| {
        AnyProgram::dynamic(move || {
            let fired = Shared::new(Value::new(0_u32));
            let (one, two, three) = (fired.clone(), fired.clone(), fired.clone());
            let mut timer = thread::Timer::new(Duration::from_secs(7200), move || one.fetch_add(1));
            timer.start().unwrap();
            let agenda = thread::Agenda::new();
            agenda.enter(Duration::from_secs(3600), 1, move || assert_eq!(two.fetch_add(10), 0));
            agenda.enter(Duration::from_secs(1800), 1, move || assert_eq!(three.get(), 0));
            agenda.run();
            if cancels {
                timer.cancel();
            }
            assert!(timer.join().unwrap().success());
            assert_eq!(fired.get(), 10, "the timer fired");
        })
    };
    holds(move || program(true), "", 60);
    is_caught(move || program(false), "", 20);
}

/// A thread that nobody joins is waited for at the end of its process, if it is no daemon.
#[test]
#[serial]
fn a_process_waits_for_its_threads() {
    let program = |daemon: bool| {
        AnyProgram::dynamic(move || {
            let done = Shared::new(Value::new(0_u32));
            let copy = done.clone();
            let child = Process::spawn(move || {
                let thread = thread::Thread::new(move || copy.fetch_add(1));
                thread.daemon(daemon).start().unwrap();
            });
            assert!(child.join().unwrap().success());
            assert_eq!(done.get(), 1, "the thread was not waited for");
        })
    };
    holds(move || program(false), "", 60);
    is_caught(move || program(true), "", 60);
}
