//! Does the map in shared memory keep its laws, and while somebody is killed?

use rusty_fork::rusty_fork_test;
use selvedge::{Error, ExitStatus, Process, SharedMap, Value};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::{self as checked, Config, Engine, Granularity};
use selvedge_harness::program::AnyProgram;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Whatever is done in one process, the map answers as one of the standard library.
#[test]
fn a_map_is_a_map() {
    let (map, mut model) = (SharedMap::<u16, u64>::new(20).unwrap(), HashMap::new());
    let mut random = 1_u64;
    for round in 0..20_000_u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = (random >> 40) as u16 % 30;
        match (random >> 33) % 4 {
            3 if model.len() < 20 || model.contains_key(&key) => {
                // Counts up, and takes away what is odd.
                let change =
                    |now: Option<u64>| now.map_or(Some(round), |now| (now % 2 == 0).then_some(now + 1));
                let after = change(model.get(&key).copied());
                match after {
                    Some(value) => _ = model.insert(key, value),
                    None => _ = model.remove(&key),
                }
                assert_eq!(map.update(key, change).unwrap(), after);
            }
            0 => assert_eq!(map.remove(&key), model.remove(&key)),
            1 => assert_eq!(map.get(&key), model.get(&key).copied()),
            _ if model.len() == 20 && !model.contains_key(&key) => {
                let full = map.insert(key, round).unwrap_err();
                assert_eq!(
                    full.to_string(),
                    "the number of entries of the map is 21, but must be at most 20"
                );
            }
            _ => assert_eq!(map.insert(key, round).unwrap(), model.insert(key, round)),
        }
        assert_eq!(map.len(), model.len());
    }
    for bad in [0, usize::MAX, usize::MAX / 3] {
        assert!(matches!(SharedMap::<u16, u64>::new(bad), Err(Error::InvalidArgument { .. })));
    }
}

/// Two writers, of which any may be killed: values are whole, and the count is right.
#[test]
fn entries_are_old_or_new_whoever_is_killed() {
    let program = || {
        AnyProgram::dynamic(|| {
            let map: checked::SharedMap<u32, [u32; 2]> = checked::SharedMap::new(2).unwrap();
            map.insert(1, [0, 0]).unwrap();
            let writers = [1, 2].map(|key| {
                let map = map.clone();
                checked::Process::spawn(move || _ = map.insert(key, [key, key]).unwrap())
            });
            let whole = |pair: [u32; 2]| assert_eq!(pair[0], pair[1], "torn");
            map.get(&1).map(whole).expect("it is never away");
            map.get(&2).into_iter().for_each(whole);
            writers.into_iter().for_each(|writer| _ = writer.join().unwrap());
            assert_eq!(map.len(), 1 + usize::from(map.get(&2).is_some()));
        })
    };
    for granularity in [Granularity::Operation, Granularity::Word] {
        for (engine, executions) in [(Engine::Sim, 600), (Engine::Real, 60)] {
            for kills in [0, 1] {
                let config =
                    Config { shrink: false, ..Config::default() }.engine(engine).granularity(granularity);
                let config = config.executions(executions).faults(Faults::kills(kills)).ignore_environment();
                let tally = program().check("law", &config).unwrap().tally;
                assert_eq!((tally.first.map(|found| found.verdict), tally.inconclusive), (None, None));
            }
        }
    }
}

/// How often somebody is killed.
const KILLS: u32 = if cfg!(debug_assertions) { 60 } else { 1000 };

/// Lets up to a fifth of a millisecond pass without giving the core away.
fn pass(random: &mut u64) {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let end = Instant::now() + Duration::from_nanos((*random >> 33) % 200_000);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// So many numbers that somebody who is killed is often killed while writing them.
const WIDTH: usize = 8192;

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn native_writers_are_killed_and_readers_see_whole_values() {
        let map: SharedMap<u64, [u64; WIDTH]> = SharedMap::new(16).unwrap();
        let begun = selvedge::Shared::new(Value::new(0_u32));
        map.insert(0, [0; WIDTH]).unwrap();
        let mut random = 1;
        for kill in 0..KILLS {
            let (theirs, here) = (map.clone(), begun.clone());
            let writer = Process::spawn(move || {
                here.set(kill + 1);
                for round in 0_u64.. {
                    theirs.insert(0, [round; WIDTH]).unwrap();
                    theirs.insert(1 + round % 12, [round; WIDTH]).unwrap();
                    theirs.remove(&(1 + (round + 6) % 12));
                }
            });
            begun.await_eq(kill + 1);
            // What is wrong is told after the writer's death, so that it does not outlive it.
            let wrong = || {
                (0..13_u64).find_map(|key| match map.get(&key) {
                    None if key == 0 => Some("lost".to_owned()),
                    Some(value) if value != [value[0]; WIDTH] => Some(format!("{key} is torn")),
                    _ => None,
                })
            };
            let before = if kill % 8 == 0 { wrong() } else { None };
            pass(&mut random);
            writer.kill().unwrap();
            assert_eq!(writer.join().unwrap(), ExitStatus::Signal(9));
            assert_eq!((before, wrong()), (None, None));
            assert_eq!(map.len(), (0..13).filter(|key| map.get(key).is_some()).count());
        }
    }
}

#[test]
fn a_report_shows_the_key_beside_the_value() {
    let config = Config::default().ignore_environment().executions(200);
    let report = selvedge_harness::check(&config, || {
        let map = checked::SharedMap::<i32, u32>::new(4).unwrap();
        map.insert(7, 1).unwrap();
        let children = [(); 2].map(|()| {
            let map = map.clone();
            checked::Process::spawn(move || {
                let value = map.get(&7).unwrap();
                map.insert(7, value + 1).unwrap();
            })
        });
        children.into_iter().for_each(|child| assert!(child.join().unwrap().success()));
        assert_eq!(map.get(&7), Some(3));
    });
    let report = report.unwrap();
    let text = selvedge_harness::report::explain(&report, selvedge_harness::report::Style::Plain).unwrap();
    for shown in ["get collection 1[7] -> 1", "insert collection 1[7] = 2"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
}
