//! Starting, joining and killing tasks.

use super::*;

/// Every schedule of a program that starts its tasks: whether one of them races.
#[track_caller]
pub(crate) fn has_race(body: impl Fn() + Sync) -> bool {
    let mut verdicts = Vec::new();
    for engine in [Engine::Sim, Engine::Real] {
        let config = Config::default().ignore_environment().engine(engine).executions(60);
        let report = check(&config, &body).unwrap();
        assert_eq!(report.undecided(), None);
        let verdict = report.finding.map(|finding| finding.recording.verdict);
        assert!(matches!(verdict, None | Some(Verdict::Race { .. })), "{verdict:?}");
        verdicts.push(verdict.is_some());
    }
    assert_eq!(verdicts[0], verdicts[1], "both engines agree");
    verdicts[0]
}

pub(crate) type Data = Shared<(Semaphore, RaceCell<u64>)>;

pub(crate) fn data() -> Data {
    Shared::new((Semaphore::new(0), RaceCell::new(0)))
}

fn writer(data: &Data) -> Process {
    let data = data.clone();
    Process::spawn(move || data.1.set(data.1.get() + 1))
}

#[test]
fn a_child_knows_what_was_done_before_it_and_its_parent_what_it_did() {
    assert!(!has_race(|| {
        let data = data();
        data.1.set(1);
        let child = writer(&data);
        child.join().unwrap();
        assert_eq!(data.1.get(), 2);
    }));
    assert!(has_race(|| {
        let data = data();
        let child = writer(&data);
        data.1.set(1);
        child.join().unwrap();
    }));
    assert!(has_race(|| {
        let data = data();
        let children = [writer(&data), writer(&data)];
        children.iter().for_each(|child| _ = child.join().unwrap());
    }));
    assert!(!has_race(|| {
        let data = data();
        writer(&data).join().unwrap();
        writer(&data).join().unwrap();
    }));
}

/// A task that nobody gave a name has its number.
#[test]
fn a_race_names_tasks_without_a_name() {
    let body = || {
        let data = std::sync::Arc::new(RaceCell::new(0_u64));
        let writers = [1, 2].map(|value| {
            let data = data.clone();
            thread::spawn(move || data.set(value))
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
    };
    let report = check(&Config::default().ignore_environment(), body).unwrap();
    let text = race(&report).to_string();
    assert!(text.contains("task 1 writes at ") && text.contains("task 2 writes at "), "{text}");
}

#[test]
fn threads_are_known_too() {
    let start = |data: &Data| {
        let data = data.clone();
        thread::spawn(move || data.1.set(1))
    };
    assert!(!has_race(|| {
        let data = data();
        start(&data).join().unwrap();
        assert_eq!(data.1.get(), 1);
    }));
    assert!(has_race(|| {
        let data = data();
        let thread = start(&data);
        data.1.get();
        thread.join().unwrap();
    }));
}

/// A process that ends takes its threads with it: who joins it knows what they did.
#[test]
fn a_process_ends_with_its_threads() {
    assert!(!has_race(|| {
        let data = data();
        let process = Process::spawn({
            let data = data.clone();
            move || {
                let inner = data.clone();
                let thread = thread::spawn(move || {
                    inner.1.set(1);
                    inner.0.release();
                });
                data.0.acquire();
                drop(thread);
            }
        });
        process.join().unwrap();
        data.1.get();
    }));
}

/// Who kills and joins knows what the victim did; who only kills does not.
#[test]
fn a_killed_process_is_known_once_it_is_joined() {
    let endless = |data: &Data| {
        let data = data.clone();
        Process::spawn(move || {
            data.1.set(1);
            data.0.acquire();
        })
    };
    assert!(!has_race(|| {
        let data = data();
        let child = endless(&data);
        child.kill().unwrap();
        child.join().unwrap();
        data.1.get();
    }));
    assert!(has_race(|| {
        let data = data();
        let child = endless(&data);
        child.kill().unwrap();
        data.1.get();
        child.join().unwrap();
    }));
}

/// The next owner of a robust lock knows what the dead one did under it.
#[test]
fn the_heir_of_a_robust_lock_knows() {
    let locked = Program::new("heir", || (RobustMutex::new(()), RaceCell::new(0)))
        .tasks("adder", 2, move |(lock, total): &Both<RobustMutex<()>>, _| {
            let guard = match lock.lock() {
                Ok(guard) => Some(guard),
                Err(error) => error.into_guard(),
            };
            total.set(total.get() + 1);
            if let Some(mut guard) = guard {
                guard.mark_consistent();
            }
        })
        .faults(Faults::kills(1));
    holds(&locked);
}

/// A kill can fall between two writes: what should be equal is torn.
#[test]
fn a_kill_tears_plain_data() {
    let program = Program::new("torn", || (Mutex::new(()), RaceCell::new(0_u64), RaceCell::new(0_u64)))
        .task("writer", |(_, one, two): &(Mutex<()>, RaceCell<u64>, RaceCell<u64>)| {
            one.set(1);
            two.set(1);
        })
        .finally(|(_, one, two)| assert_eq!(one.get(), two.get()))
        .faults(Faults::kills(1));
    let report = program.check(&Config::default().ignore_environment().exhaust()).unwrap();
    assert!(matches!(race(&report), Verdict::Law { .. }), "{:?}", race(&report));
}
