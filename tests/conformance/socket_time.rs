//! Calls of sockets that do not wait, or not for ever, and that signals interrupt.
//!
//! When a process dies here, nothing is expected of it.

use super::socket::{MESSAGE, connected, datagrams, file_flags, local};
use nix::fcntl::OFlag;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use rusty_fork::rusty_fork_test;
use selvedge::net::{Address, Interest, Listener, select};
use selvedge::platform::Native;
use selvedge::signal::{Clock, Setting, Signal};
use selvedge::{Selector, Signals, Stream, pipe};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(180);
const SOON: Duration = Duration::from_millis(5);

/// What a call does that a handler ends by panicking.
fn is_ended_by_a_handler<R>(call: impl FnOnce() -> R) {
    let soon = Setting { next: SOON, interval: Duration::ZERO };
    let ended = catch_unwind(AssertUnwindSafe(|| {
        Signals::handling(
            Signal::SIGALRM,
            |_| resume_unwind(Box::new("enough")),
            || {
                Signals::set_timer(Clock::Real, soon).unwrap();
                drop(call());
            },
        )
    }));
    assert_eq!(*ended.unwrap_err().downcast::<&str>().unwrap(), "enough");
}

#[test]
fn c_sock_05_blocking_and_times_are_two_things() {
    let (client, _server) = connected();
    let set = |nonblocking| client.set_nonblocking(nonblocking).unwrap();
    let blocks = || !file_flags(&client).contains(OFlag::O_NONBLOCK);
    assert!(blocks() && client.read_timeout().unwrap().is_none());
    set(false);
    assert!(blocks());
    set(true);
    assert!(!blocks());
    set(false);
    client.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!((blocks(), client.read_timeout().unwrap()), (true, Some(LONG)));
    client.set_read_timeout(None).unwrap();
    // No time at all is said by set_nonblocking.
    let error = client.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn c_sock_07_nothing_there_is_said_at_once() {
    let listener = TcpListener::bind(local()).unwrap();
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ready = |fd: BorrowedFd<'_>| select::<Native>(&[fd], &[], &[], LONG).unwrap().readable == [0];
    assert!(ready(listener.as_fd()));
    let (mut server, _) = listener.accept().unwrap();
    server.set_nonblocking(true).unwrap();
    let mut bytes = [0; 100];
    assert_eq!(server.read(&mut bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
    client.write_all(MESSAGE).unwrap();
    assert!(ready(server.as_fd()));
    assert!(server.read(&mut bytes).unwrap() > 0);
}

#[test]
fn c_sock_07_a_connect_that_does_not_block_is_ready_when_it_can_be_written() {
    let listener = TcpListener::bind(local()).unwrap();
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let client = socket(AddressFamily::Inet, SockType::Stream, flags, None).unwrap();
    let address = nix::sys::socket::SockaddrStorage::from(listener.local_addr().unwrap());
    let begun = nix::sys::socket::connect(client.as_raw_fd(), &address);
    assert!(matches!(begun, Ok(()) | Err(nix::Error::EINPROGRESS)));
    let mut selector = Selector::<TcpStream>::new().unwrap();
    let key = selector.register(client.into(), Interest::WRITABLE).unwrap();
    assert!(selector.select(LONG).unwrap()[0].ready.is_writable());
    assert!(selector[key].take_error().unwrap().is_none() && selector[key].peer_addr().is_ok());
}

#[test]
fn c_sock_08_that_the_time_has_passed_is_not_that_nothing_is_there() {
    let (one, _two) = datagrams();
    let (tcp, _server) = connected();
    let listener = TcpListener::bind(local()).unwrap();
    fn waits(fd: impl AsFd) {
        let (stream, before) = (Stream::new(fd), Instant::now());
        assert!(!stream.wait_readable(Some(SOON)).unwrap(), "false: the time has passed");
        assert!(before.elapsed() >= SOON);
    }
    waits(&one);
    waits(&tcp);
    waits(&listener);
    // A call on a socket that does not block says the other thing.
    one.set_nonblocking(true).unwrap();
    assert_eq!(one.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    // The kernel's own limit for a call cannot be told from that; the call ends, at least.
    tcp.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!((&tcp).read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_sock_09_a_handler_that_panics_ends_a_call_with_a_time() {
        let (client, _server) = connected();
        client.set_read_timeout(Some(LONG)).unwrap();
        client.set_write_timeout(Some(LONG)).unwrap();
        let mut stream = Stream::new(client);
        is_ended_by_a_handler(|| stream.read(&mut [0]));
        is_ended_by_a_handler(|| stream.read_exact(&mut [0]));
        is_ended_by_a_handler(|| stream.wait_readable(Some(LONG)));
        // Its peer reads nothing.
        is_ended_by_a_handler(|| stream.write_all(&vec![0; 64 << 20]));
        let (one, _two) = datagrams();
        is_ended_by_a_handler(|| Stream::new(&one).wait_readable(Some(LONG)));
        let listener = Listener::<Native>::bind(&Address::Tcp(local())).unwrap();
        is_ended_by_a_handler(|| listener.accept());
        let (mut one, _two) = pipe(true).unwrap();
        is_ended_by_a_handler(|| one.poll(LONG));
        is_ended_by_a_handler(|| one.recv::<u8>());
    }

    #[test]
    fn c_sock_09_a_handler_that_returns_lets_the_time_pass() {
        let (client, _server) = connected();
        client.set_read_timeout(Some(Duration::from_millis(40))).unwrap();
        let mut stream = Stream::new(client);
        let often = Setting { next: SOON, interval: SOON };
        let count = std::cell::Cell::new(0);
        // On a busy machine a signal may come after the time, and then interrupts nothing.
        while count.get() == 0 {
            let before = Instant::now();
            let result: io::Result<usize> = Signals::handling(Signal::SIGALRM, |_| count.set(count.get() + 1), || {
                Signals::set_timer(Clock::Real, often).unwrap();
                let result = stream.read(&mut [0]);
                Signals::set_timer(Clock::Real, Setting::default()).unwrap();
                result
            })
            .unwrap();
            assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(before.elapsed() >= Duration::from_millis(40));
        }
    }
}
