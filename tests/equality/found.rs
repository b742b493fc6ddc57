//! Small programs in which the engines once differed.

use super::difference::difference;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Choice, Outcome, Recording, Verdict};
use std::sync::Arc;

/// Explores in the quiet: no environment, no shrinking.
fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default().engine(engine).ignore_environment() }
}

/// What fibers recorded of these executions, which processes recorded alike.
#[track_caller]
fn in_both(program: &AnyProgram, config: impl Fn(Engine) -> Config, executions: u64) -> Vec<Recording> {
    let granularity = config(Engine::Sim).granularity;
    let engines = [Engine::Sim, Engine::Real];
    let [sim, real] = engines.map(|engine| program.record(&config(engine), 0..executions).unwrap());
    if let Some(what) = difference(&sim, &real) {
        panic!("at {granularity:?}: {what}");
    }
    sim
}

/// Memory that a lock lay in is used again for the next one, or not, as the allocator likes.
#[test]
fn a_lock_in_memory_used_again_is_another_object() {
    let body = || {
        let count = Arc::new(Value::<u32>::new(0));
        let worker = || {
            let count = count.clone();
            thread::spawn(move || {
                for _ in 0..3 {
                    let lock = Arc::new(Mutex::new(0));
                    *lock.lock().unwrap() += 1;
                    let other = lock.clone();
                    let inner = thread::spawn(move || *other.lock().unwrap() += 1);
                    count.fetch_add(1);
                    inner.join().unwrap();
                }
            })
        };
        let workers = [worker(), worker()];
        for worker in workers {
            worker.join().unwrap();
        }
    };
    let program = AnyProgram::dynamic(body);
    let sim = in_both(&program, quiet, 50);
    let locks = |recording: &Recording| {
        recording.objects.iter().filter(|object| object.name.starts_with("lock")).count()
    };
    assert!(sim.iter().all(|recording| locks(recording) == 6), "{:?}", sim[0].objects);
}

/// Which schedule a seed means does not depend on where the memory of a lock is used again.
#[test]
fn a_strategy_that_goes_by_objects_is_the_same_in_both_engines() {
    let body = || {
        let own = || {
            let (event, permits) = (Box::new(Event::new()), Box::new(Semaphore::new(1)));
            event.set();
            permits.acquire();
        };
        own();
        let worker = thread::spawn(own);
        step();
        own();
        worker.join().unwrap();
    };
    let program = AnyProgram::dynamic(body);
    for granularity in [Granularity::Operation, Granularity::Word] {
        let config = |engine| quiet(engine).strategy(Strategy::Surw).granularity(granularity);
        in_both(&program, config, 100);
    }
}

/// `exit` ends the process, whichever of its threads calls it.
#[test]
fn a_thread_that_exits_takes_its_process_along() {
    let program = AnyProgram::dynamic(|| {
        let child = Process::spawn(|| {
            let leaver = thread::spawn(|| {
                step();
                selvedge::process::exit::<selvedge_harness::Checked>(3)
            });
            _ = leaver.join();
            panic!("there is no process any more");
        });
        assert_eq!(child.join().unwrap().code(), Some(3));
    });
    let sim = in_both(&program, quiet, 20);
    assert!(sim.iter().all(|recording| recording.verdict == Verdict::Pass), "{:?}", sim[0].verdict);
}

/// What a task that is stuck wakes as it leaves its code is no choice of the schedule.
#[test]
fn a_deadlock_is_where_the_schedule_ends() {
    let faults = Faults { wake_any: true, ..Faults::none() };
    let program = AnyProgram::dynamic(|| {
        let lock = Arc::new(Mutex::new(()));
        let waiter = |lock: Arc<Mutex<()>>| thread::spawn(move || drop(lock.lock()));
        let waiters = [waiter(lock.clone()), waiter(lock.clone())];
        let held = lock.lock();
        drop(lock.lock());
        drop(held);
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    });
    let config = |engine| quiet(engine).granularity(Granularity::Word).faults(faults.clone());
    let sim = in_both(&program, config, 50);
    assert!(sim.iter().any(|recording| recording.verdict == Verdict::Deadlock));
}

/// Who is woken without cause waits for a lock that only its own process can look at.
#[test]
fn a_sleeper_in_memory_of_its_own_wakes_without_cause() {
    let faults = Faults { spurious: 2, ..Faults::none() };
    let program = AnyProgram::dynamic(|| {
        let shared = Shared::new(Value::new(0_u32));
        let other = shared.clone();
        let child = Process::spawn(move || {
            let (lock, changed) = (Box::new(Mutex::new(false)), Condvar::new());
            let (held, late) =
                changed.wait_timeout(lock.lock().unwrap(), std::time::Duration::from_millis(1)).unwrap();
            drop(held);
            other.set(u32::from(late.timed_out()));
        });
        let own = Box::new(Mutex::new(()));
        let held = own.lock().unwrap();
        for _ in 0..5 {
            shared.get();
        }
        drop(held);
        child.join().unwrap();
    });
    let config = |engine| quiet(engine).faults(faults.clone());
    let sim = in_both(&program, config, 200);
    let woken = |recording: &Recording| recording.steps.iter().any(|step| step.outcome == Outcome::Spurious);
    assert!(sim.iter().any(woken));
}

/// The same where the thread does nothing else, and its process is the program's own.
#[test]
fn a_thread_may_exit_at_once() {
    let program = AnyProgram::dynamic(|| {
        let leaver = thread::spawn(|| selvedge::process::exit::<selvedge_harness::Checked>(3));
        _ = leaver.join();
        panic!("there is no process any more");
    });
    let sim = in_both(&program, quiet, 20);
    assert!(sim.iter().all(|recording| recording.verdict == Verdict::Pass), "{:?}", sim[0].verdict);
}

/// What a child takes along is asked once for each line that starts one: also where another task
/// opened a file in the meantime, whose number is that of another stream elsewhere.
#[test]
fn a_child_takes_the_same_streams_along_in_every_order() {
    let program = AnyProgram::dynamic(|| {
        let path = selvedge_harness::program::scratch().join("lock");
        let locker = thread::spawn(move || {
            step();
            let mut file = FileLock::open(&path).unwrap();
            let held = file.lock().unwrap();
            step();
            drop(held);
        });
        step();
        let (mut reader, writer) = pipe(false).unwrap();
        step();
        let mut child = Process::new(move || drop(writer)).despite_threads();
        child.start().unwrap();
        let end = reader.recv::<u32>().unwrap_err().to_string();
        outcome(end);
        child.join().unwrap();
        locker.join().unwrap();
    });
    in_both(&program, quiet, 100);
}

/// The first execution that uses a descriptor is run once more, by the plan with which it began:
/// not by what had become of it when a strategy lost its patience.
#[test]
fn what_is_run_once_more_is_the_same_execution() {
    let program = AnyProgram::dynamic(|| {
        let value = Shared::new(Value::new(0_u32));
        let other = value.clone();
        drop(thread::spawn(move || {
            // Too far for the pilot runs, in which either goes on by chance.
            for _ in 0..10 {
                other.get();
            }
            drop(pipe(false).unwrap());
            for _ in 0..100 {
                other.get();
            }
        }));
        value.get();
    });
    let config = |engine| quiet(engine).strategy(Strategy::Delay { delays: 3 });
    let sim = in_both(&program, config, 20);
    assert!(sim.iter().any(|recording| recording.steps.len() > 50));
}

/// What stands unfinished in the end is told as it stood there: not as it is after the others have
/// left their code, who wake sleepers and end their workers on the way.
#[test]
fn the_unfinished_are_told_as_they_stood() {
    let program = AnyProgram::dynamic(|| {
        let flag = Shared::new(RaceCell::new(0_u32));
        let other = flag.clone();
        let racer = Process::spawn(move || _ = other.get());
        flag.set(1);
        let threads = ThreadPool::new(1).unwrap();
        let workers = Pool::new(1).unwrap();
        step();
        _ = racer.join();
        drop((threads, workers));
    });
    for granularity in [Granularity::Operation, Granularity::Word] {
        let config = |engine| quiet(engine).granularity(granularity);
        let sim = in_both(&program, config, 100);
        assert!(sim.iter().any(|recording| matches!(recording.verdict, Verdict::Race { .. })));
    }
}

/// Which streams a child takes along is asked of each thread that starts one in a line: each has a
/// stream of its own.
#[test]
fn a_thread_gives_its_own_stream_away() {
    let program = AnyProgram::dynamic(|| {
        let pair = [0, 1].map(|_| {
            thread::spawn(|| {
                let (mut reader, writer) = pipe(false).unwrap();
                step();
                assert!(!reader.poll(std::time::Duration::ZERO).unwrap(), "its writer is here still");
                let mut child = Process::new(move || drop(writer)).despite_threads();
                child.start().unwrap();
                outcome(reader.recv::<u32>().unwrap_err().to_string());
                child.join().unwrap();
            })
        });
        pair.into_iter().for_each(|thread| thread.join().unwrap());
    });
    in_both(&program, quiet, 50);
}

/// The same for one task that starts children of several kinds in one line.
#[test]
fn each_start_gives_its_own_streams_away() {
    let program = AnyProgram::dynamic(|| {
        let (mut reader, writer) = pipe(false).unwrap();
        let jobs: [Box<dyn FnOnce() + Send>; 2] = [
            Box::new(|| ()),
            Box::new(move || {
                step();
                drop(writer);
            }),
        ];
        let children = jobs.map(|job| {
            let mut child = Process::new(job).despite_threads();
            child.start().unwrap();
            child
        });
        children[1].kill().unwrap();
        outcome(reader.recv::<u32>().unwrap_err().to_string());
        children.iter().for_each(|child| _ = child.join().unwrap());
    });
    in_both(&program, quiet, 20);
}

/// Before the first step whoever arrived last decides. If that ends it, all guards are looked at
/// again, but not those in memory that only the others have.
#[test]
fn who_ends_itself_looks_at_no_memory_of_others() {
    let program = Program::new("apart", || Value::new(0_u32))
        .task("owner", |count| {
            let lock = Box::new(Mutex::new(0_u32));
            *lock.lock().unwrap() += 1;
            count.fetch_add(1);
        })
        .task("other", |count| {
            // Lies where the other's lock lies, and looks as if somebody had it.
            let like_it = vec![1_u32; size_of::<Mutex<u32>>() / 4];
            count.fetch_add(1);
            drop(std::hint::black_box(like_it));
        });
    let kill = |task| Choice::new(task, Outcome::Kill);
    let schedule = vec![kill(1), Choice::run(0), Choice::run(0)];
    let config = |engine| quiet(engine).strategy(Strategy::Replay(schedule.clone())).faults(Faults::kills(1));
    let sim = in_both(&program.into(), config, 1);
    assert_eq!(sim[0].verdict, Verdict::Pass);
}

/// Whose deadline has passed may still find what it waits for: also where that lies in memory which
/// whoever decides cannot look at.
#[test]
fn what_came_after_the_deadline_came_all_the_same() {
    let program = AnyProgram::dynamic(|| {
        let count = Shared::new(Value::new(0_u32));
        let other = count.clone();
        let child = Process::spawn(move || {
            let own = Arc::new(Event::new());
            let seen = own.clone();
            let waiter = thread::spawn(move || seen.wait_timeout(std::time::Duration::from_millis(1)));
            thread::sleep(std::time::Duration::from_millis(1));
            own.set();
            other.fetch_add(1);
            _ = waiter.join();
        });
        thread::sleep(std::time::Duration::from_millis(1));
        for _ in 0..4 {
            count.fetch_add(1);
        }
        child.join().unwrap();
    });
    in_both(&program, quiet, 200);
}
