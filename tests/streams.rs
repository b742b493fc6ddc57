//! Do calls on pipes and sockets wait, fail and fall short where the schedule says, and
//! in both engines alike?

use selvedge_harness::fault::Faults;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Outcome, Recording, Verdict, prelude::*};
use serial_test::serial;
use std::io::{ErrorKind, Read, Write, pipe};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

fn quiet(engine: Engine) -> Config {
    Config::default().engine(engine).ignore_environment()
}

fn faults(text: &str) -> Faults {
    text.parse().unwrap()
}

/// Two children write a byte each into a pipe, a third reads both.
fn relay() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let (reader, writer) = pipe().unwrap();
        let second = writer.try_clone().unwrap();
        let send =
            |mut writer: Stream<_>, byte: u8| Process::spawn(move || writer.write_all(&[byte]).unwrap());
        let mut reader = Stream::new(reader);
        let consumer = Process::spawn(move || {
            let mut bytes = [0; 2];
            reader.read_exact(&mut bytes).unwrap();
            assert_eq!(bytes[0] + bytes[1], b'a' + b'b');
            outcome(String::from_utf8_lossy(&bytes));
        });
        let senders = [send(Stream::new(writer), b'a'), send(Stream::new(second), b'b')];
        for child in senders.into_iter().chain([consumer]) {
            child.join().unwrap();
        }
    })
}

/// A reader is not enabled before there is something to read, so nobody blocks, and the
/// executions can be counted.
#[test]
#[serial]
fn a_reader_waits_until_there_is_something_to_read() {
    let [sim, real] = BOTH.map(|engine| {
        let config = quiet(engine).strategy(Strategy::Dfs { preemptions: None }).exhaust();
        relay().check("relay", &config).unwrap()
    });
    assert_eq!(sim.finding, None);
    assert_eq!(real.finding, None);
    assert!(sim.tally.complete && real.tally.complete);
    assert_eq!(sim.tally.executions, real.tally.executions);
    assert_eq!(sim.tally.outcomes.keys().collect::<Vec<_>>(), ["ab", "ba"]);
    // What a call depends on is not known, so it is taken to commute with nothing; what is
    // left to reduce are joins.
    let reduced = relay().check("relay", &quiet(Engine::Sim).strategy(Strategy::Dpor).exhaust()).unwrap();
    assert!(reduced.tally.complete);
    assert!(reduced.tally.executions <= sim.tally.executions, "{}", reduced.tally.executions);
    assert!(reduced.tally.outcomes.keys().eq(sim.tally.outcomes.keys()));
}

#[test]
#[serial]
fn streams_leave_the_same_trace_in_both_engines() {
    for text in ["", "eintr:2,short_io:2"] {
        let allowed = if text.is_empty() { Faults::none() } else { faults(text) };
        let [sim, real] =
            BOTH.map(|engine| relay().record(&quiet(engine).seed(9).faults(allowed.clone()), 0..60).unwrap());
        same(&sim, &real);
    }
}

fn same(sim: &[Recording], real: &[Recording]) {
    for (index, (a, b)) in sim.iter().zip(real).enumerate() {
        let at = a.steps.iter().zip(&b.steps).position(|(a, b)| a != b);
        let step = at.map(|at| (&a.steps[at], &b.steps[at]));
        assert_eq!(step, None, "execution {index}, step {at:?}");
        assert_eq!(a, b, "execution {index}");
    }
}

/// Nobody writes, and nobody holds the other end: that is no deadlock but the end of the
/// file. Somebody holds it and never writes: that is one.
#[test]
#[serial]
fn a_pipe_without_a_writer_has_ended() {
    let program = |keeps: bool| {
        AnyProgram::dynamic(move || {
            let (reader, writer) = pipe().unwrap();
            let mut reader = Stream::new(reader);
            let kept = keeps.then_some(writer);
            assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0);
            drop(kept);
        })
    };
    for engine in BOTH {
        let run = |keeps| program(keeps).check("end", &quiet(engine).exhaust()).unwrap().finding;
        assert_eq!(run(false), None, "{engine:?}");
        let finding = run(true).expect("a reader that waits for itself");
        assert_eq!(finding.recording.verdict, Verdict::Deadlock, "{engine:?}");
        let pending = finding.recording.tasks[0].pending.as_ref().unwrap();
        assert_eq!(pending.name, "read");
    }
}

/// A socket's own limit for a call ends the call when nobody else can go on, and in no other
/// schedule.
#[test]
#[serial]
fn a_sockets_own_limit_ends_a_call() {
    let program = |writes: bool| {
        AnyProgram::dynamic(move || {
            let (one, two) = UnixStream::pair().unwrap();
            one.set_read_timeout(Some(Duration::from_secs(3600))).unwrap();
            // Whatever the writer does, this is not the end of the file.
            let _kept = two.try_clone().unwrap();
            let (mut one, mut two) = (Stream::new(one), Stream::new(two));
            let writer = Process::spawn(move || if writes { two.write_all(&[7]).unwrap() } else { step() });
            let mut byte = [0];
            match one.read(&mut byte) {
                Ok(count) => outcome(format!("{count}, {}", byte[0])),
                Err(error) => outcome(format!("{:?}", error.kind())),
            }
            writer.join().unwrap();
        })
    };
    for engine in BOTH {
        let outcomes = |writes| {
            let report = program(writes).check("limit", &quiet(engine).exhaust()).unwrap();
            assert_eq!(report.finding, None, "{engine:?}");
            report.tally.outcomes.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(outcomes(true), ["1, 7"], "{engine:?}");
        assert_eq!(outcomes(false), ["WouldBlock"], "{engine:?}");
    }
}

/// A write that is larger than the pipe waits for its reader, again and again, and is
/// cut short only where the fault says so.
#[test]
#[serial]
fn a_large_write_waits_for_room() {
    const SIZE: usize = 150_000;
    let program = || {
        AnyProgram::dynamic(|| {
            let (reader, writer) = pipe().unwrap();
            let (mut reader, mut writer) = (Stream::new(reader), Stream::new(writer));
            let child = Process::spawn(move || {
                assert_eq!(writer.write(&vec![7; SIZE]).unwrap(), SIZE, "not all was written");
            });
            let mut bytes = vec![0; SIZE];
            reader.read_exact(&mut bytes).unwrap();
            assert!(bytes.iter().all(|&byte| byte == 7));
            child.join().unwrap();
        })
    };
    for engine in BOTH {
        let run = |allowed| program().check("large", &quiet(engine).executions(20).faults(allowed)).unwrap();
        assert_eq!(run(Faults::none()).finding, None, "{engine:?}");
        let finding = run(faults("short_io")).finding.expect("a write cut short");
        let short = |recording: &Recording| {
            recording.steps.iter().filter(|step| step.outcome == Outcome::Short).count()
        };
        assert_eq!(short(&finding.recording), 1, "{engine:?}");
    }
}

/// EINTR comes before anything is moved, also while the call waits; what repeats its
/// call does not notice.
#[test]
#[serial]
fn a_call_is_interrupted_before_it_does_anything() {
    let program = |repeats: bool| {
        AnyProgram::dynamic(move || {
            let (left, right) = UnixStream::pair().unwrap();
            let (mut left, mut right) = (Stream::new(left), Stream::new(right));
            let child = Process::spawn(move || right.write_all(b"ping").unwrap());
            let mut bytes = [0; 4];
            if repeats {
                left.read_exact(&mut bytes).unwrap();
            } else {
                let read = left.read(&mut bytes);
                assert_ne!(read.map_err(|error| error.kind()), Err(ErrorKind::Interrupted), "gave up");
            }
            child.join().unwrap();
        })
    };
    let [sim, real] = BOTH.map(|engine| {
        let run = |repeats, allowed| {
            program(repeats).check("ping", &quiet(engine).exhaust().faults(allowed)).unwrap().finding
        };
        assert_eq!(run(false, Faults::none()), None, "{engine:?}");
        assert_eq!(run(true, faults("eintr:3")), None, "{engine:?}");
        run(false, faults("eintr")).expect("an interrupted read")
    });
    assert_eq!(sim.recording, real.recording);
    assert_eq!(sim.token, real.token);
}

/// A wait with a deadline ends on the virtual clock.
#[test]
#[serial]
fn a_wait_for_bytes_ends_at_its_deadline() {
    let program = || {
        AnyProgram::dynamic(|| {
            let (reader, writer) = pipe().unwrap();
            let (reader, mut writer) = (Stream::new(reader), Stream::new(writer));
            assert!(!reader.wait_readable(Some(Duration::ZERO)).unwrap());
            assert!(!reader.wait_readable(Some(Duration::from_secs(3600))).unwrap());
            let child = Process::spawn(move || writer.write_all(b"x").unwrap());
            assert!(reader.wait_readable(Some(Duration::from_secs(3600))).unwrap());
            child.join().unwrap();
        })
    };
    for engine in BOTH {
        assert_eq!(
            program().check("deadline", &quiet(engine).exhaust()).unwrap().finding,
            None,
            "{engine:?}"
        );
    }
}

/// A writer is killed before it writes: whoever reads meets the end of the file, and only
/// once the writer's process is gone.
#[test]
#[serial]
fn the_death_of_a_writer_is_the_end_of_the_file() {
    let program = |believes: bool| {
        AnyProgram::dynamic(move || {
            let (reader, writer) = pipe().unwrap();
            let (mut reader, mut writer) = (Stream::new(reader), Stream::new(writer));
            let child = Process::spawn(move || writer.write_all(b"x").unwrap());
            let count = reader.read(&mut [0; 1]).unwrap();
            let status = child.join();
            if believes {
                assert_eq!(count, 1, "the end of the file");
            }
            assert_eq!(count, usize::from(status.is_ok_and(|status| status.success())));
        })
    };
    let counts = BOTH.map(|engine| {
        let run = |believes| {
            program(believes).check("heir", &quiet(engine).exhaust().faults(Faults::kills(1))).unwrap()
        };
        let finding = run(true).finding.expect("an end of file");
        assert!(
            matches!(finding.recording.verdict, Verdict::Panic { .. }),
            "{:?}",
            finding.recording.verdict
        );
        let report = run(false);
        assert_eq!(report.finding, None, "{engine:?}");
        report.tally.executions
    });
    assert_eq!(counts[0], counts[1]);
}

/// A chain of processes, each passing on what it reads: whatever goes wrong, both engines
/// agree on it. Who closes its end too late leaves it open in every child that was forked
/// meanwhile, and nobody ever meets the end of the file.
#[test]
#[serial]
fn a_chain_of_pipes_goes_wrong_alike_in_both_engines() {
    let chain = |tidy: bool| {
        AnyProgram::dynamic(move || {
            let (first, sink) = pipe().unwrap();
            let (mut source, mut sink) = (Stream::new(first), Some(Stream::new(sink)));
            let mut send = || _ = sink.take().map(|mut sink| sink.write(b"selvedge"));
            if tidy {
                send();
            }
            let children: Vec<_> = (0..2)
                .map(|_| {
                    let (next, writer) = pipe().unwrap();
                    let mut reader = std::mem::replace(&mut source, Stream::new(next));
                    let mut writer = Stream::new(writer);
                    Process::spawn(move || {
                        let mut bytes = [0; 3];
                        while let Ok(count @ 1..) = reader.read(&mut bytes) {
                            let _ = writer.write(&bytes[..count]);
                        }
                    })
                })
                .collect();
            send();
            let mut bytes = Vec::new();
            source.read_to_end(&mut bytes).unwrap();
            for child in children {
                let _ = child.join();
            }
            outcome(String::from_utf8_lossy(&bytes));
        })
    };
    let granularities = [Granularity::Operation, Granularity::Word];
    for (tidy, granularity) in [false, true].into_iter().flat_map(|tidy| granularities.map(|it| (tidy, it))) {
        for text in ["", "eintr:2,short_io:3", "kills", "kills:2,eintr,short_io:2"] {
            let allowed = if text.is_empty() { Faults::none() } else { faults(text) };
            let [sim, real] = BOTH.map(|engine| {
                let config = quiet(engine).seed(4).faults(allowed.clone());
                chain(tidy).record(&Config { granularity, ..config }, 0..25).unwrap()
            });
            same(&sim, &real);
            let expected = if tidy { Verdict::Pass } else { Verdict::Deadlock };
            assert!(!text.is_empty() || sim.iter().all(|run| run.verdict == expected), "{tidy}");
        }
    }
}

/// Threads of one process pass bytes on, and a process beside them.
#[test]
#[serial]
fn threads_wait_for_descriptors_of_their_process() {
    let program = || {
        AnyProgram::dynamic(|| {
            let (first, second) = (pipe().unwrap(), pipe().unwrap());
            let (mut reader, mut writer) = (Stream::new(first.0), Stream::new(second.1));
            let worker = thread::spawn(move || {
                let mut byte = [0];
                reader.read_exact(&mut byte).unwrap();
                writer.write_all(&[byte[0] + 1]).unwrap();
            });
            let (mut writer, mut reader) = (Stream::new(first.1), Stream::new(second.0));
            let child = Process::new(move || writer.write_all(&[7]).unwrap());
            let mut child = child.despite_threads();
            child.start().unwrap();
            let mut byte = [0];
            reader.read_exact(&mut byte).unwrap();
            assert_eq!(byte, [8]);
            worker.join().unwrap();
            child.join().unwrap();
        })
    };
    let [sim, real] = BOTH.map(|engine| {
        let config = quiet(engine).strategy(Strategy::Dfs { preemptions: None }).exhaust();
        program().check("threads", &config).unwrap()
    });
    assert_eq!((sim.finding, &real.finding), (None, &None));
    assert_eq!(sim.tally.executions, real.tally.executions);
}

/// A deadlock over a pipe says who waits to read what.
#[test]
#[serial]
fn a_deadlock_over_a_pipe_is_told_in_words() {
    let message = std::panic::catch_unwind(|| {
        explore_with(&quiet(Engine::Sim).exhaust(), || {
            let (reader, writer) = pipe().unwrap();
            let (mut reader, writer) = (Stream::new(reader), Stream::new(writer));
            let child = Process::spawn(move || reader.read(&mut [0]).unwrap());
            child.join().unwrap();
            drop(writer);
        })
        .unwrap()
    })
    .unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(message.contains("waits to read \"stream 1\" (tests/streams.rs:"), "{message}");
}

/// Fibers that are killed leave their streams behind; nothing of them stays open.
#[test]
#[serial]
fn killed_fibers_leave_no_descriptor_open() {
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let config = quiet(Engine::Sim).seed(2).faults(Faults::kills(2));
    let recordings = relay().record(&config, 0..200).unwrap();
    let kills = recordings.iter().flat_map(|run| &run.steps).filter(|step| step.outcome == Outcome::Kill);
    assert!(kills.count() > 100);
    assert_eq!(open(), before);
}

/// What a process forgets, or keeps in memory that only fibers share, is closed when it ends:
/// whoever reads at the other end meets the end of the file. The second ends before its parent
/// comes back from the fork.
#[test]
#[serial]
fn what_a_process_never_drops_is_closed_with_it() {
    let forgets = AnyProgram::dynamic(|| {
        let (reader, writer) = pipe().unwrap();
        let child = Process::spawn(move || {
            let mut writer = Stream::new(writer);
            writer.write_all(b"x").unwrap();
            std::mem::forget(writer);
        });
        let mut text = String::new();
        Stream::new(reader).read_to_string(&mut text).unwrap();
        child.join().unwrap();
        outcome(text);
    });
    let keeps = AnyProgram::dynamic(|| {
        let (reader, writer) = pipe().unwrap();
        let kept = std::sync::Arc::new(std::sync::Mutex::new(None));
        let child = Process::spawn({
            let kept = kept.clone();
            move || *kept.lock().unwrap() = Some(Stream::<_>::new(writer))
        });
        assert_eq!(Stream::new(reader).read(&mut [0; 4]).unwrap(), 0);
        child.join().unwrap();
    });
    for program in [forgets, keeps] {
        let [sim, real] = BOTH.map(|engine| program.record(&quiet(engine).seed(3), 0..200).unwrap());
        assert!(sim.iter().all(|run| run.verdict == Verdict::Pass), "{:?}", sim[0].verdict);
        same(&sim, &real);
    }
}
