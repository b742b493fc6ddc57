//! Is everything that a program does told in lines of the program, also where the library does
//! it by operations of its own, for a caller or in a task that it started?
//!
//! One test runs at a time: in fibers a pipe that a process started beside them has a copy of
//! never meets its end.

use selvedge::net::server::{Client, Mode};
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use selvedge_harness::report::critical;
use selvedge_harness::{Checked, Verdict, scratch};
use serial_test::serial;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::Arc;
use std::time::Duration;

/// This file, as reports name it.
const HERE: &str = "tests/places.rs";

/// Nobody waits so long.
const LONG: Duration = Duration::from_secs(3600);

fn double(x: u32) -> u32 {
    2 * x
}

fn threads() {
    let pool = ThreadPool::new(2).unwrap();
    assert_eq!(pool.map(double, 0..3), Ok(vec![0, 2, 4]));
    assert_eq!(pool.imap_unordered(double, 0..3, 1).unwrap().count(), 3);
    assert_eq!(pool.imap(double, 0..3, 2).unwrap().count(), 3);
    let seen = Arc::new(Value::new(0));
    let tell = Arc::clone(&seen);
    let result = pool.apply_async_then(double, 4, move |_| tell.set(1)).unwrap();
    result.wait();
    assert!(result.ready() && result.successful().unwrap() && result.wait_timeout(LONG));
    assert_eq!((result.get_timeout(LONG), seen.get()), (Ok(8), 1));
    pool.close();
    assert_eq!(pool.join(), Ok(()));
    let dropped = ThreadPool::new(1).unwrap();
    let _ = dropped.apply_async(double, 4).unwrap();
}

fn processes() {
    let pool = Pool::new(2).unwrap();
    assert_eq!(pool.map_chunked(double, 0..3, 1), Ok(vec![0, 2, 4]));
    assert_eq!(pool.imap_unordered(double, 0..3, 1).unwrap().count(), 3);
    assert_eq!(pool.imap(double, 0..3, 2).unwrap().count(), 3);
    let result = pool.apply_async(double, 4).unwrap();
    result.wait();
    assert!(result.ready() && result.successful().unwrap() && result.wait_timeout(LONG));
    assert_eq!(result.get_timeout(LONG), Ok(8));
    pool.close();
    assert_eq!(pool.join(), Ok(()));
    let ended = Pool::builder().workers(1).initializer(|| ()).max_tasks_per_worker(1).build().unwrap();
    assert_eq!(ended.apply(double, 4), Ok(8));
    ended.terminate();
    let dropped = Pool::new(1).unwrap();
    let _ = dropped.apply_async(double, 4).unwrap();
}

fn manager() {
    let manager = Manager::start().unwrap();
    let dict = manager.dict::<String, u32>().unwrap();
    let child = Process::spawn({
        let dict = dict.clone();
        move || dict.insert("hits", &1).unwrap()
    });
    assert!(child.join().unwrap().success());
    assert_eq!(dict.get("hits").unwrap(), Some(1));
    let queue = manager.queue::<u32>(1).unwrap();
    queue.put(&1).unwrap();
    assert_eq!(queue.get().unwrap(), 1);
}

fn joinable_queue() {
    let queue = Arc::new(JoinableQueue::<u32>::bounded(1));
    let worker = thread::spawn({
        let queue = Arc::clone(&queue);
        move || {
            (0..2).for_each(|_| {
                queue.get().unwrap();
                queue.task_done().unwrap();
            });
        }
    });
    (0..2).for_each(|item| queue.put(item).unwrap());
    queue.join().unwrap();
    worker.join().unwrap();
}

fn timers() {
    let (fired, cancelled) = (Arc::new(Value::new(0)), Arc::new(Value::new(0)));
    let (tell, never) = (Arc::clone(&fired), Arc::clone(&cancelled));
    let mut timer = thread::Timer::new(Duration::from_millis(1), move || tell.set(1));
    let mut other = thread::Timer::new(LONG, move || never.set(1));
    timer.start().unwrap();
    other.start().unwrap();
    other.cancel();
    timer.join().unwrap();
    other.join().unwrap();
    let agenda = thread::Agenda::new();
    let entry = agenda.enter(LONG, 0, || ());
    agenda.enter(Duration::from_millis(1), 0, || ());
    agenda.cancel(entry).unwrap();
    agenda.run();
    assert!(agenda.is_empty());
}

fn onces() {
    let (once, cell) = (Arc::new(Once::new()), Arc::new(OnceCell::new()));
    let count = Arc::new(Value::<u32>::new(0));
    let other = thread::spawn({
        let (once, cell, count) = (Arc::clone(&once), Arc::clone(&cell), Arc::clone(&count));
        move || {
            once.call_once(|| _ = count.fetch_add(1));
            assert_eq!(*cell.get_or_init(|| 7), 7);
        }
    });
    once.call_once(|| _ = count.fetch_add(1));
    assert_eq!(*cell.get_or_init(|| 7), 7);
    other.join().unwrap();
    assert_eq!(count.get(), 1);
}

fn server(mode: Mode) {
    let path = scratch().join("listens");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let answer = |client: &mut Client<UnixStream, SocketAddr, Checked>| {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        client.write_all(&byte)
    };
    let mut server = Server::new(listener, answer).unwrap().mode(mode).unwrap();
    let client = Process::spawn(move || {
        let mut stream = Stream::new(UnixStream::connect(&path).unwrap());
        stream.write_all(&[7]).unwrap();
        stream.read_exact(&mut [0]).unwrap();
    });
    assert!(server.handle_request().unwrap());
    client.join().unwrap();
}

fn connections() {
    let (near, mut far) = pipe(true).unwrap();
    let near = Arc::new(near);
    let writers = [1, 2].map(|number: u32| {
        let near = Arc::clone(&near);
        thread::spawn(move || near.send(&number).unwrap())
    });
    let sum: u32 = (0..2).map(|_| far.recv::<u32>().unwrap()).sum();
    assert_eq!(sum, 3);
    writers.into_iter().for_each(|writer| writer.join().unwrap());
}

/// What is left to the end of a process and of a thread.
fn left_alone() {
    let lone = Process::spawn(|| {
        let mut grandchild = Process::new(step);
        grandchild.start().unwrap();
        let mut daemon = Process::new(|| Event::new().wait()).daemon(true);
        daemon.start().unwrap();
        let mut thread = thread::Thread::new(step);
        thread.start().unwrap();
    });
    lone.join().unwrap();
}

const PROGRAMS: [(&str, fn()); 11] = [
    ("threads", threads),
    ("processes", processes),
    ("manager", manager),
    ("joinable queue", joinable_queue),
    ("timers", timers),
    ("onces", onces),
    ("server", || server(Mode::Serial)),
    ("server with threads", || server(Mode::Threads { most: 2 })),
    ("server with processes", || server(Mode::Processes { most: 2 })),
    ("connections", connections),
    ("left alone", left_alone),
];

#[test]
#[serial]
fn everything_is_told_in_lines_of_the_program() {
    for (name, body) in PROGRAMS {
        for engine in [Engine::Sim, Engine::Real] {
            for granularity in [Granularity::Operation, Granularity::Word] {
                let config = Config { granularity, ..Config::default() };
                let config = config.engine(engine).ignore_environment().seed(7);
                for recording in AnyProgram::dynamic(body).record(&config, 0..10).unwrap() {
                    let which = format!("{name}, {engine:?}, {granularity:?}");
                    assert_eq!(recording.verdict, Verdict::Pass, "{which}");
                    let steps = recording.steps.iter().map(|step| (&step.name, &step.place));
                    let pending = recording.tasks.iter().filter_map(|task| task.pending.as_ref());
                    let places = steps.chain(pending.map(|pending| (&pending.name, &pending.place)));
                    let strange: Vec<_> = places.filter(|(_, place)| place.file != HERE).collect();
                    assert!(strange.is_empty(), "{which}: {strange:?}");
                }
            }
        }
    }
}

/// What it asks for is told where it asks, what the program's own code does where that stands,
/// and all else of a worker where its pool was made.
#[test]
#[serial]
fn a_worker_is_told_where_its_pool_was_made() {
    const LINE: u32 = line!();
    let program = AnyProgram::dynamic(|| {
        let sum = Arc::new(Value::new(0));
        let pool = ThreadPool::new(1).unwrap();
        let add = Arc::clone(&sum);
        let results = pool.imap(
            move |x: u32| {
                let before = add.fetch_add(x);
                before + x
            },
            0..2,
            1,
        );
        assert_eq!(results.unwrap().count(), 2);
    });
    let (made, asked, added) = (LINE + 3, LINE + 5, LINE + 7);
    for engine in [Engine::Sim, Engine::Real] {
        let config = Config::default().engine(engine).ignore_environment();
        for recording in program.record(&config, 0..10).unwrap() {
            let lines = |task: usize| -> BTreeSet<u32> {
                let steps = recording.steps.iter().filter(|step| step.task == task);
                steps.map(|step| step.place.line).collect()
            };
            // It is given back unasked, and std's `count` asks for the results.
            assert_eq!(lines(0), [made, asked].into(), "{engine:?}");
            assert_eq!(lines(1), [made, added].into(), "{engine:?}");
        }
    }
}

/// Who asks for what cannot be is told so at the line that asks.
#[test]
#[serial]
fn a_refused_size_is_told_in_a_line_of_the_program() {
    let refused: [fn(); 4] = [
        || _ = Queue::<u32>::bounded(0),
        || _ = JoinableQueue::<u32>::bounded(0),
        || _ = Array::<u64>::new(usize::MAX),
        || _ = RawArray::<u64>::new(usize::MAX),
    ];
    for body in refused {
        let config = Config::default().ignore_environment();
        let report = AnyProgram::dynamic(body).check("refused", &config).unwrap();
        let told = report.told(&report.finding.as_ref().expect("it panics").recording.verdict);
        assert!(told.contains(&format!("({HERE}:")), "{told}");
    }
}

/// The critical pair of a program, as a report tells it.
fn pair_of(body: fn()) -> String {
    let config = Config::default().ignore_environment();
    let report = AnyProgram::dynamic(body).check("pair", &config).unwrap();
    critical(&report.finding.expect("it fails")).expect("a pair")
}

/// What the program itself does comes before what a pool or a manager does for it.
#[test]
#[serial]
fn a_critical_pair_is_of_operations_of_the_program() {
    const LINE: u32 = line!();
    let pair = pair_of(|| {
        let sum = Arc::new(Value::new(0));
        let pool = ThreadPool::new(2).unwrap();
        let of_task = Arc::clone(&sum);
        pool.map(
            move |x: u32| {
                let before = of_task.get();
                of_task.set(before + x);
            },
            1..3,
        )
        .unwrap();
        assert_eq!(sum.get(), 3);
    });
    let (read, written) = (format!("({HERE}:{})", LINE + 7), format!("({HERE}:{})", LINE + 8));
    let [first, second, _] = pair.lines().collect::<Vec<_>>()[..] else { panic!("{pair}") };
    assert!(first.contains(": get value 1 -> 0 at step ") && first.ends_with(&read), "{pair}");
    assert!(second.contains(": set value 1 = ") && second.ends_with(&written), "{pair}");
}

/// Where only the order of such operations decides, the line of the program is told with it.
#[test]
#[serial]
fn a_critical_pair_inside_the_library_says_so() {
    const LINE: u32 = line!();
    let pair = pair_of(|| {
        let pool = ThreadPool::new(2).unwrap();
        let results = pool.imap_unordered(double, 0..2, 1).unwrap();
        assert_eq!(results.map(Result::unwrap).collect::<Vec<u32>>(), [0, 2]);
    });
    let inside = format!("(inside {HERE}:{})", LINE + 2);
    assert_eq!(pair.matches(&inside).count(), 2, "{pair}");
}
