//! Selectors: what is registered, how it is changed, and what is told of it.
//!
//! When a process dies here, nothing is expected of it.

use super::select::{connected, errno, nobody, twelve_pipes};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollTimeout};
use selvedge::Selector;
use selvedge::net::{Interest, Key, NotRegistered};
use selvedge::platform::Native;
use std::fs::File;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(180);
const NONE: Option<Duration> = None;

/// A selector that waits for both ends of a pair: the first to be read, the second to be
/// written.
pub(super) fn pair() -> (Selector<UnixStream>, Key, Key) {
    let (reader, writer) = UnixStream::pair().unwrap();
    let mut selector = Selector::new().unwrap();
    let reader = selector.register(reader, Interest::READABLE).unwrap();
    let writer = selector.register(writer, Interest::WRITABLE).unwrap();
    (selector, reader, writer)
}

/// The keys that are told.
pub(super) fn keys<F: AsFd>(selector: &Selector<F>, timeout: impl Into<Option<Duration>>) -> Vec<Key> {
    selector.select(timeout).unwrap().into_iter().map(|event| event.key).collect()
}

#[test]
fn c_select_09_a_selector_is_open_until_it_is_dropped() {
    let (selector, ..) = pair();
    let fd = selector.as_fd().as_raw_fd();
    let link = format!("/proc/self/fd/{fd}");
    let epoll = || std::fs::read_link(&link).is_ok_and(|to| to.to_string_lossy().contains("eventpoll"));
    assert!(fd > 0 && epoll());
    // There is no hint of a size, and no use after the end compiles.
    drop(selector);
}

#[test]
fn c_select_10_each_file_is_registered_once() {
    let (client, server) = connected();
    // By value, by reference, or by its descriptor.
    let mut selector = Selector::<&TcpStream>::new().unwrap();
    selector.register(&client, Interest::READABLE | Interest::WRITABLE).unwrap();
    selector.register(&server, Interest::READABLE | Interest::WRITABLE).unwrap();
    assert_eq!(errno(selector.register(&server, Interest::READABLE)), Some(libc::EEXIST));
    assert_eq!(selector.len(), 2);
    let mut selector = Selector::<BorrowedFd<'_>>::new().unwrap();
    selector.register(server.as_fd(), Interest::READABLE).unwrap();
    assert_eq!(errno(selector.register(nobody(), Interest::READABLE)), Some(libc::EBADF));
    // What was refused comes back.
    let mut selector = Selector::<TcpStream>::new().unwrap();
    let address = server.local_addr().unwrap();
    let NotRegistered { file, error } =
        selector.register(server, Interest::READABLE.exclusive().one_shot()).unwrap_err();
    assert_eq!(file.local_addr().unwrap(), address);
    let text = "the interest is READABLE | one_shot | exclusive, but must be without one_shot and PRIORITY \
                if it is exclusive";
    assert_eq!(error.to_string(), text);
}

#[test]
fn c_select_11_a_second_descriptor_is_the_same_selector() {
    let (client, server) = connected();
    let mut selector = Selector::<&TcpStream>::new().unwrap();
    let interest = Interest::READABLE | Interest::WRITABLE;
    let all = [&client, &server].map(|socket| selector.register(socket, interest).unwrap());
    let second = Epoll(selector.as_fd().try_clone_to_owned().unwrap());
    let mut found = [EpollEvent::empty(); 4];
    assert_eq!(keys(&selector, LONG), all);
    assert_eq!(second.wait(&mut found, EpollTimeout::ZERO), Ok(2));
    // It is one even when the first is gone. The kernel refuses what is closed.
    drop(selector);
    assert_eq!(second.wait(&mut found, EpollTimeout::ZERO), Ok(2));
    let call = selvedge::net::select::<Native>(&[nobody()], &[], &[], NONE);
    assert_eq!(errno(call), Some(libc::EBADF));
}

#[test]
fn c_select_13_no_registered_file_is_closed() {
    // The kernel refuses to unregister what is closed. With a selector it cannot be: it
    // has the file, and gives it back.
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
    assert_eq!(epoll.delete(nobody()), Err(Errno::EBADF));
    let (mut selector, reader, _) = pair();
    let file = selector.unregister(reader).unwrap();
    drop(file);
    let error = selector.unregister(reader).unwrap_err();
    assert!(error.to_string().starts_with("the key is that of registration 1, but must be"), "{error}");
}

#[test]
fn c_select_14_a_selector_is_closed_by_exec() {
    let (mut selector, ..) = pair();
    let waker = selector.waker().unwrap();
    for fd in [selector.as_fd(), waker.as_fd()] {
        let flags = FdFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFD).unwrap());
        assert!(flags.contains(FdFlag::FD_CLOEXEC));
    }
}

#[test]
fn c_select_15_a_key_finds_what_was_registered() {
    /// A file and all that belongs to it.
    struct Client(UnixStream, &'static str);
    impl AsFd for Client {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
    let (one, two) = UnixStream::pair().unwrap();
    let mut selector = Selector::<Client>::new().unwrap();
    assert!(selector.is_empty() && selector.iter().next().is_none());
    let fd = one.as_raw_fd();
    let key = selector.register(Client(one, "data"), Interest::READABLE).unwrap();
    assert_eq!((selector[key].as_fd().as_raw_fd(), selector[key].1), (fd, "data"));
    assert_eq!(selector.interest(key), Some(Interest::READABLE));
    let found: Vec<_> = selector.iter().map(|(key, client)| (key, client.1)).collect();
    assert_eq!(found, [(key, "data")]);
    // A second time, under another name.
    let mut borrowed = Selector::<BorrowedFd<'_>>::new().unwrap();
    borrowed.register(two.as_fd(), Interest::READABLE).unwrap();
    assert_eq!(errno(borrowed.register(two.as_fd(), Interest::READABLE)), Some(libc::EEXIST));
    let client = selector.unregister(key).unwrap();
    assert!(selector.unregister(key).is_err() && selector.get(key).is_none());
    // A key is never used again.
    assert_ne!(selector.register(client, Interest::READABLE).unwrap(), key);
}

#[test]
fn c_select_17_interest_and_data_can_be_changed() {
    let (mut selector, reader, writer) = pair();
    assert_eq!(keys(&selector, LONG), [writer]);
    selector.modify(reader, Interest::WRITABLE).unwrap();
    assert_eq!(selector.interest(reader), Some(Interest::WRITABLE));
    assert_eq!(keys(&selector, LONG), [reader, writer]);
    selector.modify(writer, Interest::READABLE).unwrap();
    assert_eq!(keys(&selector, LONG), [reader]);
    selector.get_mut(reader).unwrap().write_all(b"x").unwrap();
    assert_eq!(keys(&selector, LONG), [reader, writer]);
    let gone = selector.unregister(writer).unwrap();
    assert!(selector.modify(writer, Interest::READABLE).is_err());
    // What is shared with other selectors is registered anew instead.
    let exclusive = selector.register(gone, Interest::READABLE.exclusive()).unwrap();
    assert_eq!(keys(&selector, LONG), [reader, exclusive]);
    let error = selector.modify(exclusive, Interest::READABLE).unwrap_err();
    assert!(error.to_string().contains("registered anew"), "{error}");
}

#[test]
fn c_select_19_only_what_is_ready_is_told_each_file_once() {
    let (mut selector, reader, writer) = pair();
    let events = selector.select(LONG).unwrap();
    assert_eq!(events.len(), 1);
    assert!(events[0].key == writer && events[0].ready.is_writable() && !events[0].ready.is_readable());
    selector[writer].write_all(b"foo").unwrap();
    selector.modify(reader, Interest::READABLE | Interest::WRITABLE).unwrap();
    let events = selector.select(LONG).unwrap();
    let of_reader: Vec<_> = events.iter().filter(|event| event.key == reader).collect();
    assert!(of_reader.len() == 1 && of_reader[0].ready.is_readable() && of_reader[0].ready.is_writable());
    // The end of the file is something to read; nobody asked whether there is room.
    let other = selector.unregister(writer).unwrap();
    selector.modify(reader, Interest::READABLE).unwrap();
    // Not dropped: a command that another test starts may have a copy of it for a moment.
    other.shutdown(Shutdown::Both).unwrap();
    let ready = selector.select(LONG).unwrap()[0].ready;
    assert!(ready.is_readable() && ready.is_closed() && !ready.is_writable(), "{ready:?}");
    twelve_pipes();
}

#[test]
fn c_select_19_edge_and_one_shot_are_told_once() {
    let (mut selector, reader, writer) = pair();
    let mut writer = selector.unregister(writer).unwrap();
    writer.write_all(b"two").unwrap();
    // What is left unread is told again, but not where only changes are.
    assert_eq!((keys(&selector, LONG), keys(&selector, LONG)), (vec![reader], vec![reader]));
    selector.modify(reader, Interest::READABLE.edge()).unwrap();
    assert_eq!((keys(&selector, LONG), keys(&selector, Duration::ZERO)), (vec![reader], vec![]));
    writer.write_all(b"more").unwrap();
    assert_eq!(keys(&selector, LONG), [reader]);
    selector.modify(reader, Interest::READABLE.one_shot()).unwrap();
    assert_eq!((keys(&selector, LONG), keys(&selector, Duration::ZERO)), (vec![reader], vec![]));
    writer.write_all(b"and more").unwrap();
    assert_eq!(keys(&selector, Duration::ZERO), []);
    selector.modify(reader, Interest::READABLE.one_shot()).unwrap();
    assert_eq!(keys(&selector, LONG), [reader]);
}

#[test]
fn c_select_20_after_the_end_there_is_nothing_to_look_up() {
    let (selector, reader, _) = pair();
    assert!(selector.as_fd().as_raw_fd() > 0 && selector.get(reader).is_some());
    // Dropping it closes what it has; it cannot be asked any more.
    let link = format!("/proc/self/fd/{}", selector[reader].as_raw_fd());
    let socket = std::fs::read_link(&link).unwrap();
    drop(selector);
    assert_ne!(std::fs::read_link(&link).ok(), Some(socket));
}

#[test]
fn c_select_21_times() {
    let mut empty = Selector::<UnixStream>::new().unwrap();
    assert_eq!(keys(&empty, Duration::ZERO), []);
    let (one, _two) = UnixStream::pair().unwrap();
    empty.register(one, Interest::READABLE).unwrap();
    let before = Instant::now();
    assert_eq!(keys(&empty, Duration::ZERO), []);
    let wait = Duration::from_millis(60);
    assert_eq!(keys(&empty, wait), []);
    assert!(before.elapsed() >= wait);
}

#[test]
fn c_select_21_a_wake_up_ends_a_wait_or_the_next_one() {
    let mut selector = Selector::<UnixStream>::new().unwrap();
    let waker = selector.waker().unwrap();
    waker.wake().unwrap();
    waker.clone().wake().unwrap();
    assert_eq!(keys(&selector, NONE), [], "two wake-ups before the wait end it");
    let (before, short) = (Instant::now(), Duration::from_millis(30));
    assert_eq!(keys(&selector, short), []);
    assert!(before.elapsed() >= short, "and only this one");
    let thread = std::thread::spawn(move || waker.wake().unwrap());
    assert_eq!(keys(&selector, NONE), []);
    thread.join().unwrap();
}

#[test]
fn c_select_25_a_plain_file_is_refused_and_leaves_nothing() {
    let mut selector = Selector::<File>::new().unwrap();
    let refused = selector.register(File::open("/proc/self/exe").unwrap(), Interest::READABLE).unwrap_err();
    assert!(refused.file.metadata().unwrap().is_file());
    assert_eq!((errno::<()>(Err(refused)), selector.len()), (Some(libc::EPERM), 0));
}
