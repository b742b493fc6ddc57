//! Waiting for many files: once, again and again, in several directions.
//!
//! A selector has what is registered, so that rows about descriptors that are closed behind
//! its back are shown with what the kernel says of them, or with the types.
//!
//! When a process dies here, a test asked for it.

use super::selector::{keys, pair};
use nix::libc;
use rusty_fork::rusty_fork_test;
use selvedge::net::{Interest, Selected};
use selvedge::platform::Native;
use selvedge::signal::Signal;
use selvedge::signal::{Clock, Setting};
use selvedge::{Error, Event, Process, Selector, Semaphore, Shared, Signals};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write, pipe};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(180);
const NONE: Option<Duration> = None;

pub(super) fn errno<T: std::fmt::Debug>(result: Result<T, impl Into<Error>>) -> Option<i32> {
    match result.map_err(Into::into).unwrap_err() {
        Error::Os { source, .. } => source.raw_os_error(),
        other => panic!("{other}"),
    }
}

#[track_caller]
pub(super) fn select(
    readers: &[BorrowedFd<'_>],
    writers: &[BorrowedFd<'_>],
    timeout: impl Into<Option<Duration>>,
) -> Selected {
    selvedge::net::select::<Native>(readers, writers, &[], timeout).unwrap()
}

/// A descriptor of which nobody knows.
pub(super) fn nobody() -> BorrowedFd<'static> {
    // SAFETY: nothing is done with it but to be told that it is not open.
    unsafe { BorrowedFd::borrow_raw(1_000_000) }
}

pub(super) fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Some number that changes from run to run of a test only with the test.
fn pick(round: usize, of: usize) -> usize {
    (round * 7919 + 13) % of
}

/// Twelve pipes whose writers are picked one after the other; each message arrives.
pub(super) fn twelve_pipes() {
    const MESSAGE: &[u8] = b" This is a test.";
    let (mut readers, mut writers) = (Selector::<File>::new().unwrap(), Selector::<File>::new().unwrap());
    let mut other = BTreeMap::new();
    for _ in 0..12 {
        let (reader, writer) = pipe().unwrap();
        let reader = File::from(OwnedFd::from(reader));
        let reader = readers.register(reader, Interest::READABLE).unwrap();
        let writer = File::from(OwnedFd::from(writer));
        let writer = writers.register(writer, Interest::WRITABLE).unwrap();
        other.insert(reader, writer);
    }
    let mut arrived = 0;
    while !writers.is_empty() {
        let ready = keys(&writers, NONE);
        assert_eq!(ready.len(), 12 - arrived);
        writers[ready[pick(arrived, ready.len())]].write_all(MESSAGE).unwrap();
        let ready = keys(&readers, NONE);
        assert_eq!(ready.len(), 1, "one was written to");
        let mut bytes = [0; MESSAGE.len() + 1];
        assert_eq!(readers[ready[0]].read(&mut bytes).unwrap(), MESSAGE.len());
        assert_eq!(&bytes[..MESSAGE.len()], MESSAGE);
        drop(writers.unregister(other[&ready[0]]).unwrap());
        drop(readers.unregister(ready[0]).unwrap());
        arrived += 1;
    }
    assert_eq!((arrived, readers.len()), (12, 0));
}

#[test]
fn c_select_01_bad_arguments_do_not_compile_and_what_is_not_open_is_refused() {
    // A negative time is none: `Duration` has no sign, and says so where one is made.
    assert!(Duration::try_from_secs_f64(-1.0).is_err());
    let select = selvedge::net::select::<Native>;
    assert_eq!(errno(select(&[nobody()], &[], &[], Duration::ZERO)), Some(libc::EBADF));
    assert_eq!(errno(select(&[], &[], &[nobody()], Duration::ZERO)), Some(libc::EBADF));
}

#[test]
fn c_select_03_the_lists_are_distinct_and_belong_to_the_caller() {
    let (one, mut two) = UnixStream::pair().unwrap();
    two.write_all(b"x").unwrap();
    // A list cannot shrink during the call, which borrows it; one may name a file often.
    let (one, two) = (one.as_fd(), two.as_fd());
    let all = [one, two, one];
    let both = select(&all, &all, LONG);
    assert_eq!(both, Selected { readable: vec![0, 2], writable: vec![0, 1, 2], priority: vec![] });
    assert!(select(&[], &[], Duration::ZERO).is_empty());
    // A plain file is always ready.
    let file = File::open("/proc/self/exe").unwrap();
    let selected = select(&[two, file.as_fd()], &[], NONE);
    assert_eq!(selected.readable, [1]);
}

#[test]
fn c_select_04_messages_of_twelve_pipes_arrive() {
    twelve_pipes();
}

#[test]
fn c_select_06_no_time_overflows_and_no_interest_is_unknown() {
    let (selector, _, writer) = pair();
    // The longest time there is waits as for ever.
    assert_eq!(keys(&selector, Duration::MAX), [writer]);
    // An interest is made of those that there are.
    let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
    assert_eq!(format!("{:?}", all.edge()), "READABLE | WRITABLE | PRIORITY | edge");
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_select_02_lines_of_a_slow_child_then_the_end() {
        let (reader, mut writer) = pipe().unwrap();
        let next = Shared::new(Semaphore::new(0));
        let turn = next.clone();
        let child = Process::spawn(move || {
            for _ in 0..10 {
                turn.acquire();
                writer.write_all(b"testing...\n").unwrap();
            }
        });
        let (mut lines, mut reader) = (0, File::from(OwnedFd::from(reader)));
        let times = [0, 1, 2, 4, 8].map(|millis| Some(Duration::from_millis(millis)));
        for timeout in times.into_iter().chain(std::iter::repeat(NONE)) {
            // The child writes only while nobody looks at the time.
            if timeout.is_none() && lines < 10 {
                next.release();
            }
            let found = select(&[reader.as_fd()], &[], timeout);
            assert!(found.writable.is_empty() && found.priority.is_empty());
            assert_eq!(found.readable.is_empty(), timeout.is_some());
            if timeout.is_none() {
                let mut line = [0; 32];
                match reader.read(&mut line).unwrap() {
                    0 => break,
                    count => assert_eq!(&line[..count], b"testing...\n"),
                }
                lines += 1;
            }
        }
        assert_eq!(lines, 10);
        assert!(child.join().unwrap().success());
    }

    #[test]
    fn c_select_08_no_time_waits_until_something_comes() {
        let (mut writer, reader) = UnixStream::pair().unwrap();
        let waits = Shared::new(Event::new());
        let begun = waits.clone();
        let child = Process::spawn(move || {
            let mut selector = Selector::<UnixStream>::new().unwrap();
            let key = selector.register(reader, Interest::READABLE).unwrap();
            begun.set();
            assert_eq!(keys(&selector, NONE), [key]);
        });
        waits.wait();
        assert_eq!(child.join_timeout(Duration::from_millis(30)).unwrap(), None);
        writer.write_all(b"spam").unwrap();
        assert!(child.join().unwrap().success());
    }

    #[test]
    fn c_select_23_a_handler_that_panics_ends_a_wait_and_another_does_not() {
        let (mut selector, reader, writer) = pair();
        let writer = selector.unregister(writer).unwrap();
        let soon = Setting { next: Duration::from_millis(5), interval: Duration::ZERO };
        let alarm = || Signals::set_timer(Clock::Real, soon);
        let waited = catch_unwind(AssertUnwindSafe(|| {
            Signals::handling(Signal::SIGALRM, |_| resume_unwind(Box::new("enough")), || {
                alarm().unwrap();
                keys(&selector, NONE)
            })
        }));
        assert_eq!(*waited.unwrap_err().downcast::<&str>().unwrap(), "enough");
        let handler = |_| writer.try_clone().unwrap().write_all(b"x").unwrap();
        let found = Signals::handling(Signal::SIGALRM, handler, || {
            alarm().unwrap();
            keys(&selector, NONE)
        });
        assert_eq!(found.unwrap(), [reader], "the wait went on after the handler had run");
        drop(writer);
    }
}
