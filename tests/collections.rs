//! Do the collections in shared memory keep their laws, and while somebody is killed?
//!
//! `SharedVec` and `Arena`: against a model in one process; under the scheduler in both
//! engines and at both granularities, with kills at every point; natively with SIGKILL at
//! moments of the kernel's choice. Maps and lists have tests of their own.

#[path = "collections/shown.rs"]
mod shown;

use rusty_fork::rusty_fork_test;
use selvedge::sync::At;
use selvedge::{Arena, Error, ExitStatus, SharedVec};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::{self as checked, Config, Engine, Granularity, Process};
use selvedge_harness::program::AnyProgram;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Explores a program in each way to look, with and without a kill; tells whether nothing
/// was found in any.
fn is_sound(program: impl Fn() -> AnyProgram) -> bool {
    let mut sound = true;
    for granularity in [Granularity::Operation, Granularity::Word] {
        for (engine, executions) in [(Engine::Sim, 600), (Engine::Real, 60)] {
            for kills in [0, 1] {
                let config =
                    Config { shrink: false, ..Config::default() }.engine(engine).granularity(granularity);
                let config = config.executions(executions).faults(Faults::kills(kills)).ignore_environment();
                let tally = program().check("law", &config).unwrap().tally;
                assert_eq!(tally.inconclusive, None, "{engine:?} {granularity:?}");
                sound &= tally.first.is_none();
            }
        }
    }
    sound
}

fn next(random: &mut u64) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*random >> 40) as usize
}

/// Whatever is done in one process, the vector answers as one of the standard library.
#[test]
fn a_vector_is_a_vector() {
    let (shared, mut model) = (SharedVec::<[u16; 3]>::new(9).unwrap(), Vec::new());
    let mut random = 1;
    for round in 0..20_000_u16 {
        let (at, item) = (next(&mut random) % 11, [round; 3]);
        match next(&mut random) % 8 {
            0 => assert_eq!(shared.pop(), model.pop()),
            1 if at < model.len() => assert_eq!(shared.swap_remove(at).unwrap(), model.swap_remove(at)),
            2 if at < model.len() => {
                let last = model.len() - 1;
                shared.swap(at, last).unwrap();
                model.swap(at, last);
            }
            3 if at < model.len() => {
                assert_eq!(shared.set(at, item).unwrap(), std::mem::replace(&mut model[at], item));
            }
            4 if at == 0 => {
                shared.truncate(at);
                model.truncate(at);
            }
            5 if at < model.len() => {
                model[at][1] += 1;
                let after = shared.update(at, |[a, b, c]| [a, b + 1, c]).unwrap();
                assert_eq!(after, model[at]);
            }
            _ if model.len() < 9 => {
                assert_eq!(shared.push(item).unwrap(), model.len());
                model.push(item);
            }
            _ => {}
        }
        assert_eq!((shared.get(at), shared.len()), (model.get(at).copied(), model.len()));
        assert_eq!(shared.to_vec(), model);
    }
}

#[test]
fn what_a_vector_cannot_do_is_told() {
    for bad in [0, usize::MAX, usize::MAX / 64] {
        let error = SharedVec::<u64>::new(bad).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the capacity of the vector is {bad}, but must be 1 to")),
            "{error}"
        );
    }
    let vec = SharedVec::new(2).unwrap();
    vec.push(1).unwrap();
    let full = vec.extend_from_slice(&[2, 3]).unwrap_err().to_string();
    assert_eq!(full, "the number of elements of the vector is 3, but must be at most 2");
    assert_eq!(vec.to_vec(), [1]);
    for error in [vec.set(1, 0).unwrap_err(), vec.swap(0, 1).unwrap_err(), vec.swap_remove(1).unwrap_err()] {
        assert_eq!(error.to_string(), "the index into the vector is 1, but must be less than its length, 1");
    }
    // A change that panics has not happened, and nobody is locked out.
    let panics = std::panic::AssertUnwindSafe(|| vec.update(0, |_| panic!("no")));
    assert!(std::panic::catch_unwind(panics).is_err());
    assert_eq!(vec.to_vec(), [1]);
    let nameless = "the name of what is to be unlinked is missing, but must be one that create() gave it";
    assert_eq!(vec.unlink().unwrap_err().to_string(), nameless);
    let (_right, left) = selvedge::pipe(false).unwrap();
    assert!(
        matches!(left.send(&vec), Err(Error::Value { doing: "encoded", .. })),
        "memory needs a two-way pipe"
    );
}

/// A name leads to the same vector, and to nothing that is not one.
#[test]
fn a_vector_that_has_a_name() {
    let name = format!("vector-{}", std::process::id());
    let vec = SharedVec::create(&name, 3).unwrap();
    assert!(matches!(SharedVec::<u32>::create(&name, 3), Err(Error::SegmentExists { .. })));
    vec.extend_from_slice(&[1_u32, 2]).unwrap();
    let same = SharedVec::<u32>::open(&name).unwrap();
    same.swap(0, 1).unwrap();
    assert_eq!((vec.to_vec(), same.capacity(), vec.name()), (vec![2, 1], 3, Some(name.as_str())));
    let (left, mut right) = selvedge::pipe(true).unwrap();
    left.send(&vec).unwrap();
    assert_eq!(right.recv::<SharedVec<u32>>().unwrap().to_vec(), [2, 1]);
    let refused = |error: Error| match error {
        Error::SegmentRefused { why, .. } => why,
        other => panic!("{other}"),
    };
    let other = refused(SharedVec::<u64>::open(&name).unwrap_err());
    assert_eq!(other, "it holds a SharedVec<u32>, and not a SharedVec<u64>");
    let other = refused(selvedge::ShareableList::open(&name).unwrap_err());
    assert_eq!(other, "it holds a SharedVec<u32>, and not a ShareableList");
    vec.unlink().unwrap();
    assert!(matches!(SharedVec::<u32>::open(&name), Err(Error::NoSegment { .. })));
    let bytes = selvedge::SharedMemory::create(&name, 4096).unwrap();
    assert!(refused(SharedVec::<u32>::open(&name).unwrap_err()).contains("and not a SharedVec<u32>"));
    bytes.unlink().unwrap();
    // What another program put there has no header of ours.
    let foreign = format!("/dev/shm/selvedge.{name}");
    std::fs::write(&foreign, vec![7; 4096]).unwrap();
    let why = refused(SharedVec::<u32>::open(&name).unwrap_err());
    std::fs::remove_file(&foreign).unwrap();
    assert_eq!(why, "it was not made by this crate");
}

/// Two of which any may be killed exchange and add; every method happens or does not.
fn exchanges() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let vec = checked::SharedVec::new(3).unwrap();
        vec.extend_from_slice(&[[1, 1], [2, 2]]).unwrap();
        let (one, two) = (vec.clone(), vec.clone());
        let swaps = Process::spawn(move || one.swap(0, 1).unwrap());
        let pushes = Process::spawn(move || _ = two.push([3, 3]).unwrap());
        let (swapped, pushed) = (swaps.join().unwrap().success(), pushes.join().unwrap().success());
        let all = vec.to_vec();
        assert!(all[..2] == [[2, 2], [1, 1]] || (!swapped && all[..2] == [[1, 1], [2, 2]]), "{all:?}");
        assert!(all[2..] == [[3, 3]] || (!pushed && all.len() == 2), "{all:?}");
        assert_eq!(vec.push([4, 4]).is_ok(), all.len() == 2);
    })
}

#[test]
fn methods_of_a_vector_happen_or_do_not() {
    assert!(is_sound(exchanges));
}

/// What one method does at once, two do not.
fn two_steps() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let vec = checked::SharedVec::new(1).unwrap();
        vec.push(0).unwrap();
        let adders = [(); 2].map(|()| {
            let vec = vec.clone();
            Process::spawn(move || _ = vec.set(0, vec.get(0).unwrap() + 1).unwrap())
        });
        let killed = adders.into_iter().filter(|adder| !adder.join().unwrap().success()).count();
        assert!(killed > 0 || vec.get(0) == Some(2), "an addition was lost");
    })
}

#[test]
fn an_element_that_is_read_and_then_written_is_lost() {
    assert!(!is_sound(two_steps));
}

/// Whatever is done in one process, the arena answers as a map from what it gave out.
#[test]
fn an_arena_keeps_what_it_was_given() {
    let (arena, mut model) = (Arena::<[u32; 3]>::new(7).unwrap(), HashMap::new());
    let mut given: Vec<At<[u32; 3]>> = Vec::new();
    let mut random = 2;
    for round in 0..20_000_u32 {
        let item = [round; 3];
        let some = given.get(next(&mut random) % given.len().max(1)).copied();
        match (next(&mut random) % 5, some) {
            (0, Some(at)) => assert_eq!(arena.remove(at), model.remove(&at)),
            (1, Some(at)) => {
                let before = model.get_mut(&at).map(|place| std::mem::replace(place, item));
                assert_eq!(arena.set(at, item), before);
            }
            (2, Some(at)) => {
                let after = model.get_mut(&at).map(|all| {
                    all[1] += 1;
                    *all
                });
                assert_eq!(arena.update(at, |[a, b, c]| [a, b + 1, c]), after);
            }
            _ => match arena.insert(item) {
                Ok(at) => {
                    assert_eq!(model.insert(at, item), None, "it was given out before");
                    given.push(at);
                }
                Err(full) => {
                    let why = "the number of values of the arena is 8, but must be at most 7";
                    assert_eq!((full.to_string().as_str(), model.len()), (why, 7));
                }
            },
        }
        if let Some(at) = some {
            assert_eq!(arena.get(at), model.get(&at).copied());
        }
        assert_eq!(arena.len(), model.len());
    }
    assert_eq!(arena.to_vec().into_iter().collect::<HashMap<_, _>>(), model);
    for bad in [0, u32::MAX as usize, usize::MAX] {
        let error = Arena::<u8>::new(bad).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("the capacity of the arena is {bad}, but must be 1 to")),
            "{error}"
        );
    }
}

#[test]
fn an_arena_that_has_a_name() {
    let name = format!("arena-{}", std::process::id());
    let arena = Arena::create(&name, 2).unwrap();
    let at = arena.insert(5_u64).unwrap();
    let same = Arena::<u64>::open(&name).unwrap();
    // An offset means the same wherever the arena is mapped, and can be sent.
    let (left, mut right) = selvedge::pipe(true).unwrap();
    left.send(&at).unwrap();
    assert_eq!(same.update(right.recv().unwrap(), |five| five + 1), Some(6));
    assert_eq!((arena.get(at), same.capacity(), same.name()), (Some(6), 2, Some(name.as_str())));
    for error in [Arena::<i64>::open(&name).unwrap_err(), SharedVec::<u64>::open(&name).unwrap_err()] {
        assert!(matches!(&error, Error::SegmentRefused { why, .. } if why.contains("and not a")), "{error}");
    }
    arena.unlink().unwrap();
    assert!(matches!(Arena::<u64>::open(&name), Err(Error::NoSegment { .. })));
}

/// Two of which any may be killed take out and put in; nothing leaks, and nothing is torn.
fn cells() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let arena = checked::Arena::new(2).unwrap();
        let at = arena.insert([1, 1]).unwrap();
        let (one, two) = (arena.clone(), arena.clone());
        let removes = Process::spawn(move || assert!(one.remove(at).is_some()));
        let changes = Process::spawn(move || {
            two.update(at, |[a, b]| [a + 1, b + 1]);
            two.insert([3, 3]).unwrap();
        });
        let killed = [removes, changes].map(|task| !task.join().unwrap().success());
        let all = arena.to_vec();
        assert!(all.iter().all(|(_, [a, b])| a == b), "torn: {all:?}");
        assert!(killed != [false, false] || all.len() == 1 && all[0].1 == [3, 3], "{all:?}");
        // All the room that is not used can be used.
        let free = (0..3).take_while(|_| arena.insert([4, 4]).is_ok()).count();
        assert_eq!((free, arena.len()), (2 - all.len(), 2));
    })
}

#[test]
fn methods_of_an_arena_happen_or_do_not() {
    assert!(is_sound(cells));
}

/// How often somebody is killed.
const KILLS: u32 = if cfg!(debug_assertions) { 60 } else { 1000 };
/// So many numbers that somebody who is killed is often killed while writing them.
const WIDTH: usize = 4096;

/// Lets up to a fifth of a millisecond pass without giving the core away.
fn pass(random: &mut u64) {
    let end = Instant::now() + Duration::from_nanos(next(random) as u64 % 200_000);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    /// Elements 0 and 1 are exchanged, 2 is set and changed, 3 and more come and go.
    #[test]
    fn native_writers_are_killed_and_every_method_happens_or_does_not() {
        let vec: SharedVec<[u64; WIDTH]> = SharedVec::new(8).unwrap();
        let begun = selvedge::Shared::new(selvedge::Value::new(0_u32));
        vec.extend_from_slice(&[[1; WIDTH], [2; WIDTH], [0; WIDTH]]).unwrap();
        let mut random = 1;
        for kill in 0..KILLS {
            let (theirs, here) = (vec.clone(), begun.clone());
            let writer = selvedge::Process::spawn(move || {
                here.set(kill + 1);
                for round in 0_u64.. {
                    (0..40).for_each(|_| theirs.swap(0, 1).unwrap());
                    theirs.set(2, [round; WIDTH]).unwrap();
                    theirs.update(2, |all| all.map(|one| one + 1)).unwrap();
                    match theirs.len() {
                        8 => theirs.truncate(3),
                        5.. if round % 3 == 0 => _ = theirs.swap_remove(3).unwrap(),
                        _ => _ = theirs.push([round; WIDTH]).unwrap(),
                    }
                }
            });
            begun.await_eq(kill + 1);
            // What is wrong is told after the writer's death, so that it does not outlive it.
            let wrong = || {
                let all = vec.to_vec();
                let torn = all.iter().position(|one| *one != [one[0]; WIDTH]);
                let pair = [all[0][0], all[1][0]];
                (torn.is_some() || (pair != [1, 2] && pair != [2, 1]) || all.len() < 3).then_some((torn, pair))
            };
            let before = if kill % 8 == 0 { wrong() } else { None };
            pass(&mut random);
            writer.kill().unwrap();
            assert_eq!(writer.join().unwrap(), ExitStatus::Signal(9));
            assert_eq!((before, wrong()), (None, None), "kill {kill}");
        }
    }

    /// One value that is changed, and others that come and go until there is no more room.
    #[test]
    fn native_writers_are_killed_and_the_arena_loses_no_room() {
        let arena: Arena<[u64; WIDTH]> = Arena::new(8).unwrap();
        let begun = selvedge::Shared::new(selvedge::Value::new(0_u32));
        let stays = arena.insert([0; WIDTH]).unwrap();
        let mut random = 1;
        for kill in 0..KILLS {
            let (theirs, here) = (arena.clone(), begun.clone());
            let writer = selvedge::Process::spawn(move || {
                here.set(kill + 1);
                for round in 0_u64.. {
                    theirs.set(stays, [round; WIDTH]).unwrap();
                    match theirs.insert([round; WIDTH]) {
                        Ok(at) if round % 2 == 0 => _ = theirs.remove(at).unwrap(),
                        Ok(_) => {}
                        Err(_) => {
                            let others = theirs.to_vec().into_iter().filter(|(at, _)| *at != stays);
                            others.for_each(|(at, _)| _ = theirs.remove(at).unwrap());
                        }
                    }
                }
            });
            begun.await_eq(kill + 1);
            pass(&mut random);
            writer.kill().unwrap();
            assert_eq!(writer.join().unwrap(), ExitStatus::Signal(9));
            let all = arena.to_vec();
            assert!(all.iter().all(|(_, one)| *one == [one[0]; WIDTH]), "torn by kill {kill}");
            assert!(arena.get(stays).is_some() && arena.len() == all.len());
            if kill % 8 == 0 {
                let more: Vec<_> = (0..8).map_while(|_| arena.insert([1; WIDTH]).ok()).collect();
                assert_eq!(all.len() + more.len(), 8, "kill {kill} took room away");
                more.into_iter().for_each(|at| _ = arena.remove(at).unwrap());
            }
        }
    }
}
