//! Is each descriptor of a process closed once, when nobody has it any more?
//!
//! Fibers have theirs in common, so the harness closes what a killed one had. What it closes is
//! looked for in a process that has nothing else to do.
//!
//! When a process dies here, a test asked for it.

use rusty_fork::rusty_fork_test;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_harness::program::AnyProgram;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::Duration;

fn quiet(engine: Engine) -> Config {
    Config { shrink: false, ..Config::default() }.engine(engine).ignore_environment()
}

/// Explores a program in which nothing goes wrong.
fn holds(program: &AnyProgram, config: &Config) {
    let tally = program.check("program", config).unwrap().tally;
    assert_eq!((tally.first, tally.inconclusive), (None, None), "{:?}", config.engine);
    assert!(tally.executions >= 5);
}

/// How many descriptors this process has.
fn open() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A reader, both of whose ends a child has that neither uses nor mentions them.
fn kept_by_a_child() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let (mut reader, writer) = pipe(false).unwrap();
        let ended = Shared::new(Value::new(false));
        let child = Process::spawn({
            let ended = ended.clone();
            move || {
                thread::sleep(Duration::from_millis(1));
                ended.set(true);
            }
        });
        writer.send(&7_u8).unwrap();
        drop(writer);
        assert_eq!(reader.recv::<u8>().unwrap(), 7);
        assert!(reader.recv::<u8>().is_err());
        assert!(ended.get(), "the end of the file came although the child had a copy");
        child.join().unwrap();
    })
}

/// A client of a manager, a selector and a listener, all of which are left behind by whoever is
/// killed, and the manager's in any case.
fn collector() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let manager = Manager::start().unwrap();
        let dict = manager.dict::<u32, u32>().unwrap();
        let child = Process::spawn(move || {
            let (here, there) = UnixStream::pair().unwrap();
            let (mut here, there) = (Stream::new(here), Stream::new(there));
            let mut selector: Selector<Stream<UnixStream>> = Selector::new().unwrap();
            selector.register(there, Interest::READABLE).unwrap();
            let _ = dict.insert(&1, &2);
            here.write_all(b"a").unwrap();
            assert_eq!(selector.select(None).unwrap().len(), 1);
            let _ = dict.insert(&2, &3);
        });
        child.join().unwrap();
    })
}

/// A client of a manager has a lock and dies; its child, which lives on, has a copy of whatever
/// children are given.
fn missed_by_its_manager(by_tcp: bool) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let builder = Manager::builder();
        let builder = if by_tcp { builder.address("127.0.0.1:0".parse().unwrap()) } else { builder };
        let manager: Manager = builder.start().unwrap();
        let lock = manager.lock().unwrap();
        let (over, has_it) = (Shared::new(Event::new()), Shared::new(Event::new()));
        let copies = (lock.clone(), over.clone(), has_it.clone());
        let client = Process::spawn(move || {
            let (lock, over, has_it) = copies;
            lock.acquire().unwrap();
            let child = Process::spawn(move || over.wait());
            has_it.set();
            child.join().unwrap();
        });
        has_it.wait();
        client.kill().unwrap();
        assert!(lock.lock().unwrap().was_abandoned());
        over.set();
        client.join().unwrap();
    })
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn a_pipe_ends_with_the_last_who_has_it() {
        for engine in [Engine::Sim, Engine::Real] {
            holds(&kept_by_a_child(), &quiet(engine).executions(30));
        }
    }

    #[test]
    fn what_is_withheld_ends_with_who_made_it() {
        for engine in [Engine::Sim, Engine::Real] {
            for by_tcp in [true, false] {
                holds(&missed_by_its_manager(by_tcp), &quiet(engine).executions(10));
            }
        }
    }

    #[test]
    fn the_number_of_what_was_closed_belongs_to_others() {
        static OTHERS: Mutex<Vec<File>> = Mutex::new(Vec::new());
        let program = AnyProgram::dynamic(|| {
            let child = Process::spawn(|| {
                let address = "127.0.0.1:0".parse().unwrap();
                let mut listener = Listener::bind(&address).unwrap();
                let number = listener.fileno().unwrap();
                listener.close();
                let other = File::open("/dev/null").unwrap();
                assert_eq!(other.as_raw_fd(), number);
                OTHERS.lock().unwrap().push(other);
                selvedge::process::exit::<selvedge_harness::Checked>(0);
            });
            child.join().unwrap();
        });
        holds(&program, &quiet(Engine::Sim).executions(5));
        let others = std::mem::take(&mut *OTHERS.lock().unwrap());
        assert!(others.len() >= 5 && others.iter().all(|other| other.metadata().is_ok()));
    }

    #[test]
    fn a_search_leaves_no_descriptor_open() {
        for kills in [0, 1] {
            let config = Config { keep_going: true, ..quiet(Engine::Sim).faults(Faults::kills(kills)) };
            collector().check("collector", &config.clone().executions(10)).unwrap();
            let before = open();
            let report = collector().check("collector", &config.executions(40)).unwrap();
            assert_eq!(report.tally.executions, 40);
            assert_eq!(open(), before, "{kills} kills");
        }
    }
}
