//! Servers: requests served in turn, by threads and by processes; what goes wrong with one.
//!
//! When a process dies here, a test asked for it.

use rusty_fork::rusty_fork_test;
use selvedge::net::server::{Client, Datagram, Failure, Handler, Mode, Socket};
use selvedge::platform::Native;
use selvedge::{Event, Server, Shared, Value};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

type TcpClient = Client<TcpStream, SocketAddr>;

const TEXT: &[u8] = b"hello world\n";
const THREADS: Mode = Mode::Threads { most: 8 };
const PROCESSES: Mode = Mode::Processes { most: 8 };

fn tcp() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// A path that nobody else uses.
fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("selvedge-server-{name}-{}.sock", std::process::id()))
}

/// Sends a line back.
fn echo_line(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let mut line = Vec::new();
    BufReader::new(&mut *stream).read_until(b'\n', &mut line)?;
    stream.write_all(&line)
}

/// Sends a datagram back.
struct Echo;

impl Handler<Datagram<UdpSocket>> for Echo {
    fn handle(&self, request: &mut Datagram<UdpSocket>) -> io::Result<()> {
        request.reply(request.bytes())
    }
}

impl Handler<Datagram<UnixDatagram>> for Echo {
    fn handle(&self, request: &mut Datagram<UnixDatagram>) -> io::Result<()> {
        request.reply(request.bytes())
    }
}

/// Has a thread serve while three clients come one after the other, and closes everything.
fn run<S: Socket, H: Handler<S::Request<Native>>>(server: Server<S, H>, mode: Mode, client: impl Fn()) {
    // The process has this thread and the one that serves.
    let mut server = server.mode(mode).unwrap().despite_threads();
    let shutdown = server.shutdown_handle();
    let link = format!("/proc/self/fd/{}", server.socket().as_fd().as_raw_fd());
    let socket = std::fs::read_link(&link).unwrap();
    let serving = std::thread::spawn(move || {
        server.serve_forever().unwrap();
        server
    });
    (0..3).for_each(|_| client());
    shutdown.shutdown().unwrap();
    let server = serving.join().unwrap();
    server.close();
    assert_ne!(std::fs::read_link(&link).ok(), Some(socket), "it is closed");
}

/// Takes so many requests, however often the server's time passes before one comes.
fn serve<S: Socket, H: Handler<S::Request<Native>>>(server: &mut Server<S, H>, requests: usize) {
    (0..requests).for_each(|_| while !server.handle_request().unwrap() {});
}

fn ask(mut stream: impl Read + Write) {
    stream.write_all(TEXT).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, TEXT);
}

fn all_four(mode: Mode) {
    let listener = tcp();
    let address = listener.local_addr().unwrap();
    run(Server::new(listener, echo_line).unwrap(), mode, || {
        ask(TcpStream::connect(address).unwrap());
    });
    let place = path("stream");
    let server = Server::new(UnixListener::bind(&place).unwrap(), echo_line).unwrap();
    run(server, mode, || ask(UnixStream::connect(&place).unwrap()));
    std::fs::remove_file(&place).unwrap();

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    run(Server::with(socket, Echo).unwrap(), mode, || {
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.send_to(TEXT, address).unwrap();
        let mut answer = [0; 100];
        assert_eq!(client.recv_from(&mut answer).unwrap(), (TEXT.len(), address));
        assert_eq!(&answer[..TEXT.len()], TEXT);
    });
    let (place, mine) = (path("datagrams"), path("client"));
    run(Server::with(UnixDatagram::bind(&place).unwrap(), Echo).unwrap(), mode, || {
        let client = UnixDatagram::bind(&mine).unwrap();
        client.send_to(TEXT, &place).unwrap();
        let mut answer = [0; 100];
        assert_eq!(client.recv(&mut answer).unwrap(), TEXT.len());
        std::fs::remove_file(&mine).unwrap();
    });
    std::fs::remove_file(&place).unwrap();
}

/// Fails for each client, and notes what is called.
struct Bad {
    handled: Shared<Value<u32>>,
    failed: Shared<Value<u32>>,
    panics: bool,
}

impl Handler<TcpClient> for Bad {
    fn handle(&self, _: &mut TcpClient) -> io::Result<()> {
        self.handled.fetch_add(1);
        if self.panics {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        Err(io::Error::other("on purpose"))
    }

    fn failed(&self, failure: &Failure) {
        assert!(failure.to_string().ends_with("on purpose"), "{failure}");
        self.failed.fetch_add(1);
    }
}

fn errors_are_told_once(mode: Mode) {
    for panics in [false, true] {
        let listener = tcp();
        let address = listener.local_addr().unwrap();
        let (handled, failed) = (Shared::new(Value::new(0)), Shared::new(Value::new(0)));
        let bad = Bad { handled: handled.clone(), failed: failed.clone(), panics };
        let mut server = Server::with(listener, bad).unwrap().mode(mode).unwrap();
        for count in 1..=3 {
            let mut client = TcpStream::connect(address).unwrap();
            assert!(server.handle_request().unwrap());
            assert_eq!(client.read(&mut [0]).unwrap(), 0, "it was closed");
            if mode == Mode::Serial {
                assert_eq!((handled.get(), failed.get()), (count, count));
            }
        }
        server.close();
        assert_eq!((handled.get(), failed.get()), (3, 3), "{mode:?}");
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    fn c_socksrv_01_a_line_comes_back_from_each_kind_of_server() {
        all_four(Mode::Serial);
    }

    #[test]
    fn c_socksrv_02_the_same_with_a_thread_for_each_request() {
        all_four(THREADS);
    }

    #[test]
    fn c_socksrv_02_the_same_with_processes() {
        all_four(PROCESSES);
        all_four(Mode::Workers(2));
    }

    #[test]
    fn c_socksrv_05_a_server_that_never_served_is_closed() {
        for mode in [Mode::Serial, THREADS, PROCESSES, Mode::Workers(2)] {
            // A port could be somebody else's by the time it is asked for.
            let place = path("closed");
            let server = Server::new(UnixListener::bind(&place).unwrap(), |_| Ok(())).unwrap();
            drop(server.mode(mode).unwrap());
            assert_eq!(UnixStream::connect(&place).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
            std::fs::remove_file(&place).unwrap();
        }
        let error = Server::new(tcp(), |_| Ok(())).unwrap().mode(Mode::Workers(0)).unwrap_err();
        assert_eq!(error.to_string(), "the number of handlers is 0, but must be at least 1");
    }

    #[test]
    fn c_socksrv_05_a_shutdown_before_serving_is_not_lost() {
        for mode in [Mode::Serial, THREADS, PROCESSES, Mode::Workers(2)] {
            let mut server = Server::new(tcp(), |_| Ok(())).unwrap().mode(mode).unwrap();
            for _ in 0..20 {
                server.shutdown_handle().shutdown().unwrap();
                server.serve_forever().unwrap();
            }
        }
    }

    #[test]
    fn c_socksrv_06_binds_that_fail_leave_nothing_open() {
        let taken = tcp();
        let address = taken.local_addr().unwrap();
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        for _ in 0..1024 {
            let bound = TcpListener::bind(address).map(|listener| Server::new(listener, |_| Ok(())));
            assert_eq!(bound.err().map(|error| error.kind()), Some(io::ErrorKind::AddrInUse));
        }
        assert_eq!(open(), before);
    }

    #[test]
    fn c_socksrv_07_an_error_is_told_once_and_the_server_goes_on() {
        errors_are_told_once(PROCESSES);
        errors_are_told_once(Mode::Serial);
        errors_are_told_once(THREADS);
    }

    #[test]
    fn c_socksrv_09_what_is_written_goes_at_once_through_the_requests_own_socket() {
        let listener = tcp();
        let address = listener.local_addr().unwrap();
        const LARGE: usize = 4 << 20;
        let mut server = Server::new(listener, |client: &mut TcpClient| {
            assert_eq!(client.as_fd().as_raw_fd(), client.socket().as_raw_fd());
            // Without a flush.
            client.write_all(b"write data\n")?;
            let mut line = String::new();
            BufReader::new(&mut *client).read_line(&mut line)?;
            assert_eq!(line, "client response\n");
            client.write_all(&vec![0; LARGE])
        })
        .unwrap();
        let client = std::thread::spawn(move || {
            let mut client = TcpStream::connect(address).unwrap();
            let mut line = [0; 11];
            client.read_exact(&mut line).unwrap();
            client.write_all(b"client response\n").unwrap();
            let mut rest = Vec::new();
            (line, client.read_to_end(&mut rest).unwrap())
        });
        server.handle_request().unwrap();
        assert_eq!(client.join().unwrap(), (*b"write data\n", LARGE));
    }

    #[test]
    fn c_socksrv_11_a_request_that_is_refused_is_closed() {
        struct Choosy;
        impl Handler<TcpClient> for Choosy {
            fn handle(&self, _: &mut TcpClient) -> io::Result<()> {
                unreachable!("nobody is let in")
            }
            fn verify(&self, client: &TcpClient) -> bool {
                !client.address().ip().is_loopback()
            }
        }
        let listener = tcp();
        let address = listener.local_addr().unwrap();
        let mut server = Server::with(listener, Choosy).unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        assert!(server.handle_request().unwrap());
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn c_socksrv_11_nothing_that_was_written_is_lost_to_what_was_not_read() {
        const ANSWER: usize = 200_000;
        let listener = tcp();
        let address = listener.local_addr().unwrap();
        let mut server = Server::new(listener, |client: &mut TcpClient| {
            let mut some = [0; 1024];
            client.read_exact(&mut some)?;
            // More than the client's side takes before it reads.
            client.write_all(&[b'y'; ANSWER])
        })
        .unwrap();
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(&[b'x'; 4000]).unwrap();
        server.handle_request().unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert_eq!(answer.len(), ANSWER);
    }

    #[test]
    fn c_socksrv_12_threads_and_processes_that_have_ended_are_not_kept() {
        for mode in [PROCESSES, THREADS] {
            let listener = tcp();
            let address = listener.local_addr().unwrap();
            let mut server = Server::new(listener, |_| Ok(())).unwrap().mode(mode).unwrap();
            for _ in 0..10 {
                let mut client = TcpStream::connect(address).unwrap();
                server.handle_request().unwrap();
                assert_eq!(client.read(&mut [0]).unwrap(), 0, "its handler is about to end");
            }
            server = server.timeout(Duration::from_millis(1));
            while server.children() > 0 {
                assert!(!server.handle_request().unwrap());
            }
        }
    }

    #[test]
    fn c_socksrv_12_no_more_requests_are_handled_at_a_time_than_are_allowed() {
        for mode in [Mode::Processes { most: 2 }, Mode::Threads { most: 2 }] {
            let listener = tcp();
            let address = listener.local_addr().unwrap();
            let at_work = Shared::new(Value::new(0_i32));
            let go = Shared::new(Event::new());
            let (inside, gate) = (at_work.clone(), go.clone());
            let mut server = Server::new(listener, move |client: &mut TcpClient| {
                let count = inside.fetch_add(1) + 1;
                client.write_all(&[count as u8])?;
                gate.wait();
                inside.fetch_add(-1);
                Ok(())
            })
            .unwrap()
            .mode(mode)
            .unwrap()
            .timeout(Duration::from_millis(20));
            let mut clients: Vec<_> = (0..4).map(|_| TcpStream::connect(address).unwrap()).collect();
            serve(&mut server, 2);
            let mut byte = [0];
            for client in &mut clients[..2] {
                client.read_exact(&mut byte).unwrap();
                assert!(byte[0] <= 2);
            }
            assert!(!server.handle_request().unwrap(), "there is no place until somebody is done");
            go.set();
            serve(&mut server, 2);
            for client in &mut clients[2..] {
                client.read_exact(&mut byte).unwrap();
                assert!(byte[0] <= 2, "{mode:?}: {} at a time", byte[0]);
            }
        }
    }
}
