//! Do named segments and the lists in them keep their laws while somebody is killed?
//!
//! In fibers and in processes, at both granularities; natively with SIGKILL at moments of
//! the kernel's choice; and is a program that breaks the law caught?

use rusty_fork::rusty_fork_test;
use selvedge::ExitStatus;
use selvedge::sync::Item;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;

/// Explores a program in each way to look; tells whether nothing was found in any.
fn is_sound(program: impl Fn() -> AnyProgram, kills: u8) -> bool {
    let mut sound = true;
    for granularity in [Granularity::Operation, Granularity::Word] {
        for (engine, executions) in [(Engine::Sim, 600), (Engine::Real, 60)] {
            let config = Config { shrink: false, ..Config::default() }
                .engine(engine)
                .granularity(granularity)
                .executions(executions)
                .faults(Faults::kills(kills))
                .ignore_environment();
            let report = program().check("law", &config).unwrap();
            assert_eq!(report.tally.inconclusive, None, "{engine:?} {granularity:?}");
            sound &= report.tally.first.is_none();
        }
    }
    sound
}

/// Two writers of one item, of which any may be killed, and a reader that must always find
/// what one of them wrote, whole; afterwards somebody else can write.
fn writers() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let words = ["none yet", "first", "second"].map(Item::from);
        let list = ShareableList::create("list", &words[..1]).unwrap();
        let tasks: Vec<_> = (1..3)
            .map(|index| {
                let word = words[index].clone();
                Process::spawn(move || ShareableList::open("list").unwrap().set(0, word).unwrap())
            })
            .collect();
        let seen = list.get(0).unwrap();
        assert!(words.contains(&seen), "torn: {seen:?}");
        let killed = tasks.into_iter().filter(|task| !task.join().unwrap().success()).count();
        let seen = list.get(0).unwrap();
        assert!(words[usize::from(killed == 0)..].contains(&seen), "lost: {seen:?}");
        list.set(0, 1_i64).unwrap();
        assert_eq!(list.get(0).unwrap(), Item::Int(1));
    })
}

#[test]
fn an_item_is_old_or_new_whoever_is_killed() {
    for kills in [0, 1, 2] {
        assert!(is_sound(writers, kills), "{kills} kills");
    }
}

/// What a list promises of one item, bytes do not promise of several.
fn bytes() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let memory = SharedMemory::create("bytes", 2).unwrap();
        let writer = Process::spawn(|| SharedMemory::open("bytes").unwrap().write(0, &[1, 1]).unwrap());
        let seen = memory.to_vec();
        writer.join().unwrap();
        assert_eq!(seen[0], seen[1], "torn");
    })
}

#[test]
fn two_bytes_are_torn() {
    assert!(!is_sound(bytes, 0));
}

/// Somebody who makes a value is killed: it is there and whole, or it is not there.
fn maker() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let maker =
            Process::spawn(|| drop(Named::create("pair", [RawValue::new(7_u32), RawValue::new(7)]).unwrap()));
        let whole = |pair: &Named<[RawValue<u32>; 2]>| assert_eq!([pair[0].get(), pair[1].get()], [7, 7]);
        Named::open("pair").iter().for_each(whole);
        let made = maker.join().unwrap().success();
        let pair = Named::open("pair");
        assert!(pair.is_ok() || !made);
        pair.iter().for_each(whole);
    })
}

#[test]
fn a_segment_is_there_and_whole_or_is_not_there() {
    assert!(is_sound(maker, 0) && is_sound(maker, 1));
}

/// How often somebody is killed.
const KILLS: i64 = if cfg!(debug_assertions) { 60 } else { 1000 };

/// Somebody makes values under one name and takes the name away, again and again, and is killed
/// at a moment of the kernel's choice: whoever opens the name finds a whole value or nothing.
/// One who fills in place makes the name first, and is killed before it comes to the rest.
fn native_makers(kills: i64, in_place: bool) -> Result<(), String> {
    /// Long enough to be in the middle of.
    type Native = [selvedge::RawValue<u64>; 2048];
    let value = |number: u64| -> Native { std::array::from_fn(|_| selvedge::RawValue::new(number)) };
    let name = format!("segments-makers-{}", std::process::id());
    let begun = selvedge::Shared::new(selvedge::Value::<i64>::new(0));
    for kill in 1..=kills {
        let (theirs, told) = (name.clone(), begun.clone());
        let maker = selvedge::Process::spawn(move || {
            for round in 1.. {
                let first = if in_place { 0 } else { round };
                let made = selvedge::Named::create(&theirs, value(first)).unwrap();
                made[0].set(round);
                told.set(kill);
                if in_place {
                    loop {
                        std::thread::park();
                    }
                }
                made.unlink().unwrap();
            }
        });
        while begun.get() != kill {
            assert!(maker.is_alive());
        }
        (0..kill % 40).for_each(|_| std::thread::yield_now());
        maker.kill().unwrap();
        assert_eq!(maker.join().unwrap(), ExitStatus::Signal(9));
        match selvedge::Named::<Native>::open(&name) {
            Ok(found) => {
                found.unlink().unwrap();
                if found.iter().any(|number| number.get() != found[0].get()) {
                    return Err(format!("after kill {kill} it was not whole"));
                }
            }
            Err(selvedge::Error::NoSegment { .. }) => {}
            Err(other) => return Err(format!("after kill {kill}: {other}")),
        }
    }
    Ok(())
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn native_writers_are_killed_and_every_item_is_whole() {
        let text = |round: usize| Item::from(char::from(b'a' + (round % 26) as u8).to_string().repeat(40 + round % 20));
        let list = selvedge::ShareableList::create_unnamed(&[text(19), 0_i64.into()]).unwrap();
        for kill in 0..KILLS {
            let theirs = list.clone();
            let writer = selvedge::Process::spawn(move || {
                for round in 0.. {
                    theirs.set(0, text(round)).unwrap();
                    theirs.set(1, Item::Int(kill)).unwrap();
                }
            });
            // It has begun; when it is killed is up to the kernel.
            while list.get(1).unwrap() != Item::Int(kill) {
                assert!(writer.is_alive());
            }
            // What is wrong is told after the writer's death, so that it does not outlive it.
            let wrong = || {
                let seen = list.get(0).unwrap();
                let whole = |text: &str| text.len() >= 40 && text.chars().all(|letter| text.starts_with(letter));
                let is_whole = matches!(&seen, Item::Text(text) if whole(text));
                (!is_whole).then_some(seen)
            };
            let before = (0..200).find_map(|_| wrong());
            writer.kill().unwrap();
            assert_eq!(writer.join().unwrap(), ExitStatus::Signal(9));
            assert_eq!((before, wrong()), (None, None), "torn");
            // Nobody keeps the lock.
            list.set(1, -1_i64).unwrap();
        }
        list.unlink().unwrap();
    }

    #[test]
    fn native_makers_are_killed_and_what_has_a_name_is_whole() {
        native_makers(KILLS, false).unwrap();
        let in_place = native_makers(1, true).unwrap_err();
        assert!(in_place.contains("it was not whole"), "{in_place}");
    }
}
