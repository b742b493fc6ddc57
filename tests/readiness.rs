//! Does a task go on as soon as its descriptor is ready, and no sooner, however many others wait
//! beside it and for the same?

use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use serial_test::serial;
use std::io::{Read, Write, pipe};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

const BOTH: [Engine; 2] = [Engine::Sim, Engine::Real];

fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).ignore_environment()
}

/// Two threads pass a byte each through a socket, a third takes both; `idle` others wait for what
/// never comes, half of them for one and the same descriptor.
fn relay(idle: usize) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let (never, _silent) = UnixStream::pair().unwrap();
        let never = Arc::new(Stream::new(never));
        for each in 0..idle {
            let own = if each % 2 == 0 {
                Arc::new(Stream::new(never.get_ref().try_clone().unwrap()))
            } else {
                never.clone()
            };
            thread::spawn(move || own.wait_readable(None).unwrap());
        }
        let (here, there) = UnixStream::pair().unwrap();
        let mut here = Stream::new(here);
        let senders = [b'a', b'b'].map(|byte| {
            let mut there = Stream::new(there.try_clone().unwrap());
            thread::spawn(move || there.write_all(&[byte]).unwrap())
        });
        let taker = thread::spawn(move || {
            let mut bytes = [0; 2];
            here.read_exact(&mut bytes).unwrap();
            outcome(String::from_utf8_lossy(&bytes));
        });
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        taker.join().unwrap();
    })
}

/// Idle tasks take no step, so there are as many executions beside them as without: were a
/// descriptor known to be ready too late or too early anywhere, there would be others.
#[test]
#[serial]
fn those_who_wait_beside_it_change_no_schedule() {
    let explore = |engine, idle| {
        let config = quiet(engine).strategy(Strategy::Dfs { preemptions: Some(2) }).exhaust();
        let report = relay(idle).check("relay", &config).unwrap();
        assert_eq!((report.tally.violations, report.tally.complete), (0, true), "{engine:?}, {idle}");
        (report.tally.executions, report.tally.outcomes)
    };
    let alone = explore(Engine::Sim, 0);
    assert!(alone.0 > 20 && alone.1.len() == 2, "{alone:?}");
    for engine in BOTH {
        assert_eq!(explore(engine, 9), alone, "{engine:?}");
    }
}

/// Children wait for one pipe, some of them not for long, under one number and under numbers of
/// their own; each takes a byte.
fn crowd() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let (reader, writer) = pipe().unwrap();
        let (reader, mut writer) = (Arc::new(Stream::new(reader)), Stream::new(writer));
        let children: Vec<_> = (0..7_u64)
            .map(|each| {
                let reader = reader.clone();
                let patience = (each % 3 == 0).then_some(Duration::from_millis(1 + each));
                Process::spawn(move || {
                    if reader.wait_readable(patience).unwrap_or(false) {
                        let mut own = Stream::new(reader.get_ref().try_clone().unwrap());
                        let _ = own.read_exact(&mut [0]);
                    }
                })
            })
            .collect();
        for _ in 0..children.len() {
            thread::sleep(Duration::from_millis(1));
            let _ = writer.write_all(b"x");
        }
        drop(writer);
        children.into_iter().for_each(|child| _ = child.join());
    })
}

#[test]
#[serial]
fn many_who_wait_for_one_pipe_leave_the_same_trace_in_both_engines() {
    for text in ["", "kills:2", "timeouts:2,eintr:2", "kills:1,short_io:1,drift"] {
        let allowed = if text.is_empty() { Faults::none() } else { text.parse().unwrap() };
        let [sim, real] =
            BOTH.map(|engine| crowd().record(&quiet(engine).seed(4).faults(allowed.clone()), 0..60).unwrap());
        for (index, (sim, real)) in sim.iter().zip(&real).enumerate() {
            let step = sim.steps.iter().zip(&real.steps).find(|(a, b)| a != b);
            assert_eq!(step, None, "{text}, execution {index}");
            assert_eq!(sim, real, "{text}, execution {index}");
        }
    }
}
