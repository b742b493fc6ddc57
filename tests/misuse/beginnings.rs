//! Arguments of processes that cannot be written or read, and daemons that are stopped.

use rusty_fork::rusty_fork_test;
use selvedge::process::{StartMethod, State, state};
use selvedge::signal::Signal;
use selvedge::{Error, ExitStatus, Process, entry};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// Whoever waits for longer waits for ever.
const LONG: Duration = Duration::from_secs(20);

const EXECUTED: [StartMethod; 2] = [StartMethod::Spawn, StartMethod::ForkServer];

/// What nobody can read.
#[derive(Serialize)]
struct Unreadable;

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("nobody can read it"))
    }
}

/// What panics as it is written, until it is told not to.
#[derive(Deserialize)]
struct Explosive;

static DEFUSED: AtomicBool = AtomicBool::new(false);

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(DEFUSED.load(SeqCst), "written too early");
        serializer.serialize_unit_struct("Explosive")
    }
}

entry! {
    static READ(_argument: Unreadable) {}
}

entry! {
    static HANDLE(_argument: Explosive) {}
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn a_child_that_cannot_read_its_argument_tells_its_parent() {
        for method in EXECUTED {
            let mut child = Process::entry(&READ, Unreadable).method(method);
            child.start().unwrap();
            assert_eq!(child.join().unwrap(), ExitStatus::Code(101));
            let words = child.panic_message().unwrap_or_default();
            assert!(words.contains("the value cannot be decoded"), "{method}: {words:?}");
        }
    }

    #[test]
    fn a_daemon_that_is_stopped_ends_with_its_parent() {
        let parent = Process::spawn(|| {
            let mut daemon = Process::new(std::thread::park).daemon(true);
            daemon.start().unwrap();
            daemon.signal(Signal::SIGSTOP).unwrap();
            while state(daemon.pid().unwrap()).unwrap() != State::Stopped {
                std::thread::yield_now();
            }
        });
        assert_eq!(parent.join_timeout(LONG).unwrap(), Some(ExitStatus::Code(0)));
    }

    #[test]
    fn a_start_that_panicked_can_be_tried_again() {
        for method in EXECUTED {
            DEFUSED.store(false, SeqCst);
            let mut child = Process::entry(&HANDLE, Explosive).method(method);
            assert!(catch_unwind(AssertUnwindSafe(|| child.start())).is_err());
            assert!(matches!(child.join(), Err(Error::NotStarted { .. })));
            DEFUSED.store(true, SeqCst);
            child.start().unwrap();
            assert!(child.join().unwrap().success());
        }
    }
}
