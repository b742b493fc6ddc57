//! Does a report name the operations of the program that race, also where a manager, a pool or a
//! server stands between its tasks?
//!
//! One test runs at a time: a command that a test beside it starts has, for a moment, copies of
//! the sockets of the fibers, and as long as it has them, none of these meets its end.

use selvedge::manager::{Dict, List, Namespace, Value as Managed};
use selvedge::net::server::{Client, Mode};
use selvedge_harness::judge::Later;
use selvedge_harness::prelude::*;
use selvedge_harness::program::{AnyProgram, Report, Swap};
use selvedge_harness::report::{Style, explain};
use selvedge_harness::{Checked, scratch};
use serial_test::serial;
use std::io::{Read, Write};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::Duration;

/// Two processes count by `count` in what `make` makes of a manager.
fn managed<T: Clone + Send + 'static>(
    make: fn(&Manager) -> T,
    count: fn(&T),
    counted: fn(&T) -> u32,
) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let mut manager = Manager::start().unwrap();
        let object = make(&manager);
        let clients = [(); 2].map(|()| {
            let object = object.clone();
            Process::spawn(move || count(&object))
        });
        clients.into_iter().for_each(|client| assert!(client.join().unwrap().success()));
        assert_eq!(counted(&object), 2, "an update was lost");
        manager.shutdown().unwrap();
    })
}

fn in_a_dict() -> AnyProgram {
    fn make(manager: &Manager) -> Dict<String, u32, Checked> {
        let dict = manager.dict().unwrap();
        dict.insert("hits", &0).unwrap();
        dict
    }
    let count = |dict: &Dict<String, u32, Checked>| {
        let hits = dict.get("hits").unwrap().unwrap();
        dict.insert("hits", &(hits + 1)).unwrap();
    };
    managed(make, count, |dict| dict.get("hits").unwrap().unwrap())
}

fn in_a_list() -> AnyProgram {
    let count = |list: &List<u32, Checked>| {
        let hits = list.get(0).unwrap().unwrap();
        list.set(0, &(hits + 1)).unwrap();
    };
    managed(|manager| manager.list([0]).unwrap(), count, |list| list.get(0).unwrap().unwrap())
}

fn in_a_value() -> AnyProgram {
    let count = |value: &Managed<u32, Checked>| {
        let hits = value.get().unwrap();
        value.set(&(hits + 1)).unwrap();
    };
    managed(|manager| manager.value(&0).unwrap(), count, |value| value.get().unwrap())
}

fn in_a_namespace() -> AnyProgram {
    fn make(manager: &Manager) -> Namespace<Checked> {
        let space = manager.namespace().unwrap();
        space.set("hits", &0).unwrap();
        space
    }
    let count = |space: &Namespace<Checked>| {
        let hits: u32 = space.get("hits").unwrap().unwrap();
        space.set("hits", &(hits + 1)).unwrap();
    };
    managed(make, count, |space| space.get("hits").unwrap().unwrap())
}

/// The tasks of a pool, which its workers run.
fn in_a_pool() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let hits = Shared::new(Value::new(0));
        let own = hits.clone();
        let pool = ThreadPool::new(2).unwrap();
        let count = move |_: u32| {
            let before = own.get();
            own.set(before + 1);
        };
        pool.map_chunked(count, 0..2, 1).unwrap();
        pool.close();
        pool.join().unwrap();
        assert_eq!(hits.get(), 2, "an update was lost");
    })
}

/// The handlers of a server, one for each client.
fn in_a_server() -> AnyProgram {
    AnyProgram::dynamic(|| {
        let place = || scratch().join("racing.sock");
        let _ = std::fs::remove_file(place());
        let hits = Shared::new(Value::new(0));
        let own = hits.clone();
        let handle = move |client: &mut Client<UnixStream, SocketAddr, Checked>| {
            let before = own.get();
            own.set(before + 1);
            client.write_all(&[1])
        };
        let listener = UnixListener::bind(place()).unwrap();
        let mut server = Server::new(listener, handle).unwrap().mode(Mode::Threads { most: 2 }).unwrap();
        let clients = [(); 2].map(|()| {
            Process::spawn(move || {
                let mut stream = Stream::new(UnixStream::connect(place()).unwrap());
                stream.read_exact(&mut [0]).unwrap();
            })
        });
        assert!(server.handle_request().unwrap() && server.handle_request().unwrap());
        clients.into_iter().for_each(|client| assert!(client.join().unwrap().success()));
        server.close();
        assert_eq!(hits.get(), 2, "an update was lost");
    })
}

/// The lines of the critical pair, which are to be whole operations of the program's own.
fn pair(report: &Report) -> Vec<String> {
    let text = || explain(report, Style::Plain).unwrap_or_default();
    let finding = report.finding.as_ref().expect("a lost update");
    let Some(Swap::Passes { pair, .. }) = &finding.swap else { panic!("no pair: {}", text()) };
    assert!(matches!(pair.second, Later::Step(_)), "{}", text());
    let line = |step: usize| {
        let step = &finding.recording.steps[step];
        assert!(!step.inside && step.place.file == "tests/racing.rs", "{}", text());
        include_str!("racing.rs").lines().nth(step.place.line as usize - 1).unwrap().trim().to_owned()
    };
    pair.steps().map(line).collect()
}

#[test]
#[serial]
fn a_lost_update_is_told_by_the_operations_that_race() {
    type Racy = (fn() -> AnyProgram, &'static str, &'static str);
    let programs: [Racy; 6] = [
        (in_a_dict, "dict.get(", "dict.insert("),
        (in_a_list, "list.get(", "list.set("),
        (in_a_value, "value.get(", "value.set("),
        (in_a_namespace, "space.get(", "space.set("),
        (in_a_pool, "own.get(", "own.set("),
        (in_a_server, "own.get(", "own.set("),
    ];
    for (program, reads, writes) in programs {
        let config = Config::default().ignore_environment().executions(1000);
        // Bounded by executions: how fast these are decides nothing.
        let config = Config { shrink_budget: 200, shrink_time: Duration::from_secs(3600), ..config };
        let found = program().check("racing", &config).unwrap();
        let told = pair(&found);
        assert!(told[0].contains(reads) && told[1].contains(writes), "{told:?}");
        // Of the others each execution is a hundred messages of processes that are forked for it.
        if [reads, writes] == ["own.get(", "own.set("] {
            let schedule = found.finding.unwrap().schedule;
            let again = Config { shrink: false, ..config }.strategy(Strategy::Replay(schedule));
            let found = program().check("racing", &again.engine(Engine::Real)).unwrap();
            assert_eq!(pair(&found), told, "in processes");
        }
    }
}
