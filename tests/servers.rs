//! Does a server outlive its handlers, and do its promises, and those of selectors, hold in
//! every schedule?
//!
//! One test runs at a time: a command that a test beside it starts has, for a moment, copies of
//! the sockets of the fibers, and as long as it has them, none of these meets its end.

use rusty_fork::rusty_fork_test;
use selvedge::net::server::{Client, Failure, Handler, Mode};
use selvedge::platform::Native;
use selvedge::sys::{death, process};
use selvedge::{ExitStatus, Shared, Value};
use selvedge_harness::prelude::{self as checked, Config, Engine, Granularity, Interest};
use selvedge_harness::program::AnyProgram;
use selvedge_harness::{Checked, Verdict, scratch};
use serial_test::serial;
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener, UnixStream};
use std::time::Duration;

/// What a client says to have its handler killed.
const KILL: u8 = b'k';

/// Answers with the number of its process, and then dies if it is asked to.
struct Mortal {
    killed: Shared<Value<u32>>,
}

impl Handler<Client<TcpStream, SocketAddr>> for Mortal {
    fn handle(&self, client: &mut Client<TcpStream, SocketAddr>) -> io::Result<()> {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        client.write_all(&process::id().to_ne_bytes())?;
        if byte[0] == KILL {
            process::kill_self();
        }
        Ok(())
    }

    fn failed(&self, failure: &Failure) {
        match failure {
            Failure::Killed { pid, status: ExitStatus::Signal(9) } => self.killed.set(*pid),
            other => panic!("{other}"),
        }
    }
}

fn mortal() -> (SocketAddr, Shared<Value<u32>>, selvedge::Server<TcpListener, Mortal>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let killed = Shared::new(Value::new(0));
    let server = selvedge::Server::with(listener, Mortal { killed: killed.clone() }).unwrap();
    (address, killed, server)
}

/// The number of the process that answers.
fn ask(client: &mut TcpStream, what: u8) -> u32 {
    client.write_all(&[what]).unwrap();
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    u32::from_ne_bytes(answer)
}

/// Has the process that answers killed, and waits for the end of its stream.
fn kill(client: &mut TcpStream) -> u32 {
    let victim = ask(client, KILL);
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "its client meets the end of the file");
    victim
}

fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).unwrap()
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

    #[test]
    #[serial]
    fn a_handler_that_is_killed_takes_only_its_client_with_it() {
        let (address, killed, server) = mortal();
        let server = server.mode(Mode::Processes { most: 4 }).unwrap();
        let mut server = server.timeout(Duration::from_millis(1));
        for _ in 0..5 {
            let (mut victim, mut bystander) = (connect(address), connect(address));
            // It may have to wait until a handler of before has ended.
            (0..2).for_each(|_| while !server.handle_request().unwrap() {});
            let dead = kill(&mut victim);
            let answers = ask(&mut bystander, b'?');
            assert!(answers != process::id() && answers != dead);
            // No request comes, but the death is heard of.
            while killed.get() != dead {
                assert!(!server.handle_request().unwrap());
            }
        }
        server.close();
        // Nobody is left behind, dead or alive.
        let none = nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
        assert_eq!(none, Err(nix::errno::Errno::ECHILD));
    }

    #[test]
    #[serial]
    fn a_worker_that_is_killed_is_replaced() {
        let (address, killed, server) = mortal();
        let mut server = server.mode(Mode::Workers(2)).unwrap();
        let shutdown = server.shutdown_handle();
        let clients = process::fork(move || {
            // Ten are killed, of two at a time; whoever answers after each is none of them.
            let mut dead = BTreeSet::new();
            for _ in 0..10 {
                assert!(dead.insert(kill(&mut connect(address))));
                assert!(!dead.contains(&ask(&mut connect(address), b'?')));
            }
            shutdown.shutdown().unwrap();
            0
        })
        .unwrap();
        server.serve_forever().unwrap();
        assert_eq!(clients.wait(None).unwrap(), Some(ExitStatus::Code(0)));
        assert_ne!(killed.get(), 0);
        server.close();
        let none = nix::sys::wait::waitpid(None, Some(nix::sys::wait::WaitPidFlag::WNOHANG));
        assert_eq!(none, Err(nix::errno::Errno::ECHILD));
    }

    #[test]
    #[serial]
    fn workers_end_with_their_server() {
        let (address, _, server) = mortal();
        let mut server = server.mode(Mode::Workers(3)).unwrap();
        let serving = process::fork(move || {
            server.serve_forever().unwrap();
            0
        })
        .unwrap();
        let mut clients = [(); 3].map(|()| connect(address));
        let workers = clients.each_mut().map(|client| ask(client, b'?'));
        serving.signal(process::Signal::SIGKILL).unwrap();
        assert_eq!(serving.wait(None).unwrap(), Some(ExitStatus::Signal(9)));
        workers.into_iter().for_each(death::await_death);
    }

    #[test]
    #[serial]
    fn an_address_is_free_when_its_server_is_gone_although_a_handler_is_at_work() {
        // A path, as a port could be somebody else's by the time it is asked for.
        let place = std::env::temp_dir().join(format!("selvedge-servers-{}.sock", std::process::id()));
        let listener = UnixListener::bind(&place).unwrap();
        let handle = |client: &mut Client<UnixStream, UnixAddr, Native>| {
            client.write_all(b"x")?;
            // Until its client lets it go: by a word, because it has a copy of the client's end
            // itself, and so never meets the end of the file.
            client.read_exact(&mut [0])
        };
        let server = selvedge::Server::new(listener, handle).unwrap();
        let mut server = server.mode(Mode::Processes { most: 4 }).unwrap().block_on_close(false);
        let mut client = UnixStream::connect(&place).unwrap();
        server.handle_request().unwrap();
        client.read_exact(&mut [0]).unwrap();
        drop(server);
        assert_eq!(UnixStream::connect(&place).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        std::fs::remove_file(&place).unwrap();
        client.write_all(b"x").unwrap();
        // The handler still reads, and is not left behind.
        let ended = nix::sys::wait::waitpid(None, None).unwrap();
        assert!(matches!(ended, nix::sys::wait::WaitStatus::Exited(_, 0)), "{ended:?}");
    }
}

type CheckedClient = Client<UnixStream, UnixAddr, Checked>;

/// A listener in the folder of this execution.
fn listen() -> UnixListener {
    let place = scratch().join("server.sock");
    let _ = std::fs::remove_file(&place);
    UnixListener::bind(place).unwrap()
}

fn in_every_schedule(program: impl Fn() -> AnyProgram, executions: u64) -> Vec<Option<Verdict>> {
    let mut found = Vec::new();
    for granularity in [Granularity::Operation, Granularity::Word] {
        for engine in [Engine::Sim, Engine::Real] {
            let config = Config { shrink: false, ..Config::default() };
            let executions = if engine == Engine::Sim { executions } else { executions / 10 };
            let config =
                config.engine(engine).granularity(granularity).executions(executions).ignore_environment();
            let report = program().check("servers", &config).unwrap();
            assert_eq!(report.tally.inconclusive, None, "{engine:?} {granularity:?}");
            found.push(report.tally.first.map(|first| first.verdict));
        }
    }
    found
}

/// Two clients send a number each and get the next one back.
fn two_clients(mode: Mode, next: fn(u8) -> u8) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let handle = move |client: &mut CheckedClient| {
            let mut byte = [0];
            client.read_exact(&mut byte)?;
            client.write_all(&[next(byte[0])])
        };
        let mut server = checked::Server::new(listen(), handle).unwrap().mode(mode).unwrap();
        let clients = [1, 5].map(|number: u8| {
            checked::Process::spawn(move || {
                let stream = UnixStream::connect(scratch().join("server.sock")).unwrap();
                let mut stream = checked::Stream::new(stream);
                stream.write_all(&[number]).unwrap();
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).unwrap();
                assert_eq!(answer, [number + 1]);
            })
        });
        assert!(server.handle_request().unwrap() && server.handle_request().unwrap());
        for client in clients {
            client.join().unwrap();
        }
        server.close();
    })
}

#[test]
#[serial]
fn each_client_is_served_in_every_schedule() {
    for mode in [Mode::Serial, Mode::Threads { most: 1 }, Mode::Processes { most: 2 }] {
        let found = in_every_schedule(|| two_clients(mode, |number| number + 1), 100);
        assert!(found.iter().all(Option::is_none), "{mode:?}: {found:?}");
    }
    // And one that answers wrongly is caught.
    let found = in_every_schedule(|| two_clients(Mode::Serial, |number| number), 20);
    assert!(found.iter().all(Option::is_some), "{found:?}");
}

/// Somebody shuts the server down, at whatever moment; nobody else does if he `forgets`.
fn shut_down(mode: Mode, forgets: bool) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let handle = |_: &mut CheckedClient| Ok(());
        let mut server = checked::Server::new(listen(), handle).unwrap().mode(mode).unwrap();
        let shutdown = server.shutdown_handle();
        let child = checked::Process::spawn(move || {
            if !forgets {
                shutdown.shutdown().unwrap();
            }
        });
        checked::step();
        server.serve_forever().unwrap();
        child.join().unwrap();
    })
}

#[test]
#[serial]
fn no_shutdown_is_lost_in_any_schedule() {
    for mode in [Mode::Serial, Mode::Workers(2)] {
        let found = in_every_schedule(|| shut_down(mode, false), 100);
        assert!(found.iter().all(Option::is_none), "{mode:?}: {found:?}");
    }
    let found = in_every_schedule(|| shut_down(Mode::Serial, true), 20);
    assert!(found.iter().all(|found| *found == Some(Verdict::Deadlock)), "{found:?}");
}

/// A client of a server that waits for all at once, and what has come from it.
struct Connection {
    stream: checked::Stream<UnixStream>,
    received: usize,
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// How many bytes a client sends, in two parts.
const BYTES: usize = 8;

/// Each client's bytes are read by half of them at a time, once for each event or until
/// nothing is left.
fn many_clients(interest: Interest, until_empty: bool) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let mut selector = checked::Selector::new().unwrap();
        let clients = [(); 2].map(|()| {
            let (near, far) = UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            let near = Connection { stream: checked::Stream::new(near), received: 0 };
            selector.register(near, interest).unwrap();
            let mut far = checked::Stream::new(far);
            checked::Process::spawn(move || {
                far.write_all(&[7; BYTES / 2]).unwrap();
                far.write_all(&[7; BYTES / 2]).unwrap();
            })
        });
        while !selector.is_empty() {
            for event in selector.select(None).unwrap() {
                let client = &mut selector[event.key];
                loop {
                    match client.stream.read(&mut [0; BYTES / 2]) {
                        Ok(count) => client.received += count,
                        Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                    }
                    if !until_empty || client.received == BYTES || !has_more(client) {
                        break;
                    }
                }
                if client.received == BYTES {
                    selector.unregister(event.key).unwrap();
                }
            }
        }
        for client in clients {
            client.join().unwrap();
        }
    })
}

/// Whether something more is there already.
fn has_more(client: &Connection) -> bool {
    client.stream.wait_readable(Some(Duration::ZERO)).unwrap()
}

/// Who is told of changes only, and reads once for each, waits for ever for what came before
/// it read.
#[test]
#[serial]
fn what_is_told_once_must_be_read_to_the_end() {
    let (level, edge) = (Interest::READABLE, Interest::READABLE.edge());
    for (interest, until_empty) in [(level, false), (level, true), (edge, true)] {
        let found = in_every_schedule(|| many_clients(interest, until_empty), 100);
        assert!(found.iter().all(Option::is_none), "{interest:?}, {until_empty}: {found:?}");
    }
    let found = in_every_schedule(|| many_clients(edge, false), 100);
    assert!(found.iter().all(|found| *found == Some(Verdict::Deadlock)), "{found:?}");
}

/// A wake-up from another process ends a wait, whenever it comes; without it there is none.
fn woken(forgets: bool) -> AnyProgram {
    AnyProgram::dynamic(move || {
        let mut selector = checked::Selector::new().unwrap();
        let (near, far) = UnixStream::pair().unwrap();
        selector.register(near, Interest::READABLE).unwrap();
        let waker = selector.waker().unwrap();
        // The end of the child is not the end of the file.
        let kept = far.try_clone().unwrap();
        let mut far = checked::Stream::new(far);
        let child = checked::Process::spawn(move || {
            if !forgets {
                waker.wake().unwrap();
                waker.wake().unwrap();
                far.write_all(b"x").unwrap();
            }
        });
        checked::step();
        let mut empty = 0;
        while selector.select(None).unwrap().is_empty() {
            empty += 1;
            assert!(empty <= 2, "a wake-up ends one wait");
        }
        child.join().unwrap();
        drop(kept);
    })
}

#[test]
#[serial]
fn no_wake_up_is_lost_in_any_schedule() {
    let found = in_every_schedule(|| woken(false), 50);
    assert!(found.iter().all(Option::is_none), "{found:?}");
    let found = in_every_schedule(|| woken(true), 20);
    assert!(found.iter().all(|found| *found == Some(Verdict::Deadlock)), "{found:?}");
}
