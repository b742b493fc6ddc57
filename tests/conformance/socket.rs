//! Sockets: streams, datagrams, times, closing, what is passed and inherited.
//!
//! The sockets are std's; [`Stream`] makes their calls visible to a scheduler and end by a
//! handler that panics, [`Bind`] sets what std does not.
//!
//! When a process dies here, a test asked for it.

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::libc;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, UnixAddr, bind, getsockname, socket, sockopt,
};
use rusty_fork::rusty_fork_test;
use selvedge::channel::Passed;
use selvedge::net::{Address, Bind, Listener, connect, select};
use selvedge::platform::Native;
use selvedge::{Error, pipe};
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{SocketAddr as UnixSocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::time::Duration;

pub(super) const MESSAGE: &[u8] = b"Michael Gilfix was here\r\n";
const LONG: Duration = Duration::from_secs(180);

pub(super) fn local() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(super) fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(local()).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

pub(super) fn datagrams() -> (UdpSocket, UdpSocket) {
    (UdpSocket::bind(local()).unwrap(), UdpSocket::bind(local()).unwrap())
}

pub(super) fn file_flags(fd: impl AsFd) -> OFlag {
    OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL).unwrap())
}

fn is_closed_by_exec(fd: impl AsFd) -> bool {
    FdFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFD).unwrap()).contains(FdFlag::FD_CLOEXEC)
}

/// A name of the abstract namespace that nobody else uses, of so many bytes.
fn name(len: usize) -> Vec<u8> {
    let mut name = format!("selvedge-{}-{len}-", std::process::id()).into_bytes();
    name.resize(len, b'h');
    name
}

fn ends(mut stream: impl Read) -> bool {
    matches!(stream.read(&mut [0; 8]), Ok(0))
}

#[test]
fn c_sock_01_what_does_not_fit_is_there_for_the_next_call() {
    let (mut client, mut server) = connected();
    client.write_all(MESSAGE).unwrap();
    let mut first = [0; 10];
    // A stream may give less than there is room for, never more.
    let count = server.read(&mut first).unwrap();
    assert!((1..=10).contains(&count));
    let mut rest = vec![0; MESSAGE.len() - count];
    server.read_exact(&mut rest).unwrap();
    assert_eq!([&first[..count], &rest].concat(), MESSAGE);
    client.write_all(MESSAGE).unwrap();
    let mut all = [0; 1024];
    assert!(server.peek(&mut all).unwrap() > 0, "a look leaves it there");
    server.read_exact(&mut all[..MESSAGE.len()]).unwrap();
    assert_eq!(&all[..MESSAGE.len()], MESSAGE);
}

#[test]
fn c_sock_02_all_is_sent_in_as_many_parts_as_it_takes() {
    let (mut client, mut server) = connected();
    client.write_all(&[b'f'; 2048]).unwrap();
    drop(client);
    let mut received = Vec::new();
    loop {
        let mut part = [0; 1024];
        match server.read(&mut part).unwrap() {
            0 => break,
            count => received.extend_from_slice(&part[..count]),
        }
    }
    assert_eq!(received, [b'f'; 2048]);
}

#[test]
fn c_sock_03_halves_copies_and_giving_up() {
    let (client, mut server) = connected();
    client.shutdown(Shutdown::Write).unwrap();
    assert!(ends(&server));
    server.write_all(b"still").unwrap();
    let mut bytes = [0; 5];
    // A copy is the same socket.
    let mut copy = client.try_clone().unwrap();
    assert_ne!(copy.as_raw_fd(), client.as_raw_fd());
    copy.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"still");
    let mut again = TcpStream::from(client.as_fd().try_clone_to_owned().unwrap());
    server.write_all(b"again").unwrap();
    again.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"again");
    // Given up, the socket is open under its number; no use of the old value compiles.
    let fd: RawFd = client.into_raw_fd();
    let link = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
    assert!(link.to_string_lossy().starts_with("socket:"));
    nix::unistd::close(fd).unwrap();
}

#[test]
fn c_sock_04_datagrams_go_and_come() {
    let (one, two) = datagrams();
    one.send_to(MESSAGE, two.local_addr().unwrap()).unwrap();
    let mut bytes = [0; 100];
    assert_eq!(two.recv_from(&mut bytes).unwrap(), (MESSAGE.len(), one.local_addr().unwrap()));
    one.connect(two.local_addr().unwrap()).unwrap();
    one.send(MESSAGE).unwrap();
    assert_eq!(two.recv(&mut bytes).unwrap(), MESSAGE.len());
    // What has no room is cut off, and lost; a size has no sign.
    one.send(MESSAGE).unwrap();
    assert_eq!(two.recv(&mut bytes[..4]).unwrap(), 4);
    one.send(b"next").unwrap();
    assert_eq!((two.recv(&mut bytes).unwrap(), &bytes[..4]), (4, &b"next"[..]));
}

#[test]
fn c_sock_11_a_peer_that_has_closed_is_readable_and_at_its_end() {
    let (client, server) = connected();
    drop(client);
    let found = select::<Native>(&[server.as_fd()], &[], &[], LONG).unwrap();
    assert_eq!(found.readable, [0]);
    assert!(ends(&server) && ends(&server));
    // What can be closed by a call can be closed again.
    let (mut one, _two) = pipe(true).unwrap();
    one.close();
    one.close();
    assert!(one.is_closed());
}

#[test]
fn c_sock_12_nobody_there() {
    // Bound, so that nobody else gets the port, and never listening.
    let silent = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
    bind(silent.as_raw_fd(), &SockaddrStorage::from(local())).unwrap();
    let address = TcpStream::from(silent.try_clone().unwrap()).local_addr().unwrap();
    let error = TcpStream::connect(address).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
    let error = TcpStream::connect_timeout(&address, LONG).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ECONNREFUSED));
    let error = connect::<Native>(&Address::Tcp(address), None).unwrap_err();
    assert!(matches!(error, Error::Os { source, .. } if source.raw_os_error() == Some(libc::ECONNREFUSED)));
}

#[test]
fn c_sock_13_after_the_end_nothing_is_sent() {
    // To send through a dropped socket does not compile; through one that was shut down:
    let (mut client, _server) = connected();
    client.shutdown(Shutdown::Both).unwrap();
    assert_eq!(client.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    let (mut one, _two) = pipe(true).unwrap();
    one.close();
    assert!(matches!(one.send(&1), Err(Error::ConnectionClosed)));
    assert_eq!(nix::unistd::close(1_000_000), Err(nix::Error::EBADF));
}

#[test]
fn c_sock_14_any_backlog_is_accepted() {
    for backlog in [0, -1, 1, 5, i32::MAX, i32::MIN] {
        let listener = Bind::new().backlog(backlog).tcp(local()).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        listener.accept().unwrap();
    }
    Bind::new().tcp(local()).unwrap();
}

#[test]
fn c_sock_15_a_pair() {
    let (mut one, mut two) = UnixStream::pair().unwrap();
    one.write_all(MESSAGE).unwrap();
    let mut bytes = vec![0; MESSAGE.len()];
    two.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, MESSAGE);
    two.write_all(MESSAGE).unwrap();
    one.read_exact(&mut bytes).unwrap();
    assert_eq!(nix::sys::socket::getsockopt(&one, sockopt::SockType).unwrap(), SockType::Stream);
}

#[test]
fn c_sock_17_names_that_are_no_paths() {
    // All 108 bytes of an address: one says that it is such a name.
    let longest = UnixSocketAddr::from_abstract_name(name(107)).unwrap();
    let listener = UnixListener::bind_addr(&longest).unwrap();
    assert_eq!(listener.local_addr().unwrap().as_abstract_name(), longest.as_abstract_name());
    UnixStream::connect_addr(&longest).unwrap();
    let too_long = UnixSocketAddr::from_abstract_name(name(108)).unwrap_err();
    assert_eq!(too_long.kind(), ErrorKind::InvalidInput);
    let address = Address::Abstract(String::from_utf8(name(108)).unwrap());
    assert!(Listener::<Native>::bind(&address).is_err());
    // The kernel chooses one.
    let chosen = socket(AddressFamily::Unix, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).unwrap();
    bind(chosen.as_raw_fd(), &UnixAddr::new_unnamed()).unwrap();
    let chosen: UnixAddr = getsockname(chosen.as_raw_fd()).unwrap();
    assert_eq!(chosen.as_abstract().unwrap().len(), 5);
    // A path, of any bytes.
    let path = std::env::temp_dir().join(format!("selvedge-héllo-{}", std::process::id()));
    let bound = UnixDatagram::bind(&path).unwrap();
    assert_eq!(bound.local_addr().unwrap().as_pathname(), Some(path.as_path()));
    fs::remove_file(&path).unwrap();
    let too_long = std::env::temp_dir().join("x".repeat(108));
    assert_eq!(UnixListener::bind(too_long).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn c_sock_18_a_server_that_is_bound_and_listens() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let address: SocketAddr = address.parse().unwrap();
        let reuses = |socket: &TcpListener| nix::sys::socket::getsockopt(socket, sockopt::ReusePort).unwrap();
        let listener = match Bind::new().tcp(address) {
            // A machine need not have IPv6.
            Err(Error::Os { source, .. })
                if address.is_ipv6()
                    && [libc::EADDRNOTAVAIL, libc::EAFNOSUPPORT]
                        .map(Some)
                        .contains(&source.raw_os_error()) =>
            {
                continue;
            }
            listener => listener.unwrap(),
        };
        assert!(!reuses(&listener) && nix::sys::socket::getsockopt(&listener, sockopt::ReuseAddr).unwrap());
        let bound = listener.local_addr().unwrap();
        assert!(bound.ip() == address.ip() && bound.port() > 0);
        TcpStream::connect(bound).unwrap();
        let error = Bind::new().tcp(bound).unwrap_err();
        assert!(matches!(error, Error::Os { operation: "bind" | "listen", .. }), "{error}");
        let [first, second] =
            [address, address].map(|address| Bind::new().reuse_port(true).tcp(address).unwrap());
        assert!(reuses(&first) && reuses(&second));
        Bind::new().reuse_port(true).tcp(first.local_addr().unwrap()).unwrap();
    }
    let hears = Bind::new().reuse_address(true).broadcast(true).udp(local()).unwrap();
    assert!(hears.broadcast().unwrap());
    Bind::new().reuse_address(true).udp(hears.local_addr().unwrap()).unwrap();
}

#[test]
fn c_sock_19_passed_descriptors_are_copies() {
    let (left, mut right) = pipe(true).unwrap();
    let files: Vec<_> = (0..4)
        .map(|number| {
            let path = std::env::temp_dir().join(format!("selvedge-pass-{}-{number}", std::process::id()));
            fs::write(&path, number.to_string()).unwrap();
            let file = File::open(&path).unwrap();
            fs::remove_file(&path).unwrap();
            file
        })
        .collect();
    let copies: Vec<_> = files.iter().map(Passed).collect();
    left.send(&copies).unwrap();
    let come: Vec<Passed<File>> = right.recv().unwrap();
    for (number, (file, Passed(mut copy))) in files.iter().zip(come).enumerate() {
        let (one, other) = (file.metadata().unwrap(), copy.metadata().unwrap());
        assert_ne!(file.as_raw_fd(), copy.as_raw_fd());
        assert_eq!((one.dev(), one.ino()), (other.dev(), other.ino()));
        let mut text = String::new();
        copy.read_to_string(&mut text).unwrap();
        assert_eq!(text, number.to_string());
    }
}

#[test]
fn c_sock_20_sockets_are_closed_by_exec() {
    let (client, server) = connected();
    let (one, two) = UnixStream::pair().unwrap();
    let bound = Bind::new().tcp(local()).unwrap();
    let listener =
        Listener::<Native>::bind(&Address::Abstract(String::from_utf8(name(30)).unwrap())).unwrap();
    let came = connect::<Native>(listener.address(), None).unwrap();
    let accepted = listener.accept().unwrap();
    let (left, right) = pipe(true).unwrap();
    let all: [BorrowedFd<'_>; 10] = [
        client.as_fd(),
        server.as_fd(),
        one.as_fd(),
        two.as_fd(),
        bound.as_fd(),
        listener.as_fd(),
        came.as_fd(),
        accepted.as_fd(),
        left.as_fd(),
        right.as_fd(),
    ];
    assert!(all.into_iter().all(is_closed_by_exec));
    let copy: OwnedFd = client.as_fd().try_clone_to_owned().unwrap();
    assert!(is_closed_by_exec(&copy));
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]
}
