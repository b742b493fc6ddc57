//! Pipes, connections, listeners, waiting for several of them; long because it is one area's rows.
//!
//! When a process dies here, a test asked for it.

use nix::libc;
use rusty_fork::rusty_fork_test;
use selvedge::channel::{Passed, Source};
use selvedge::net::{Address, Listener, connect};
use selvedge::platform::Native;
use selvedge::process::{AuthKey, Run};
use selvedge::{Connection, Error, Event, ExitStatus, Process, Shared, current_process, pipe, wait};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(40);
const NONE: Option<Duration> = None;

/// Sends back what it gets until it gets nothing.
fn echo(mut connection: Connection) {
    loop {
        let message = connection.recv_bytes(usize::MAX).unwrap();
        if message.is_empty() {
            return;
        }
        connection.send_bytes(&message).unwrap();
    }
}

fn errno<T: std::fmt::Debug>(result: Result<T, Error>) -> Option<i32> {
    match result.unwrap_err() {
        Error::Os { source, .. } => source.raw_os_error(),
        other => panic!("{other}"),
    }
}

/// A path that nobody else uses.
fn path(name: &str) -> Address {
    let folder = std::env::temp_dir();
    Address::Unix(folder.join(format!("selvedge-{name}-{}.sock", std::process::id())))
}

fn families() -> [Address; 3] {
    let name = format!("selvedge-test-{}", std::process::id());
    [path("family"), Address::Abstract(name), "127.0.0.1:0".parse().unwrap()]
}

fn listener(address: &Address) -> Listener {
    Listener::bind(address).unwrap()
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|index| (index * 31 % 251) as u8).collect()
}

struct Shouter(Connection);

impl Run for Shouter {
    fn run(mut self) {
        while let Some(text) = self.0.recv::<Option<String>>().unwrap() {
            self.0.send(&text.to_uppercase()).unwrap();
        }
    }
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 120_000)]

    #[test]
    fn c_conn_01_what_is_sent_comes_back() {
        let (mut here, there) = pipe(true).unwrap();
        let child = Process::spawn(move || echo(there));
        here.send(&vec![Some(1.5), None]).unwrap();
        assert_eq!(here.recv::<Vec<Option<f64>>>().unwrap(), [Some(1.5), None]);
        here.send_bytes(b"bytes").unwrap();
        assert_eq!(here.recv_bytes(5).unwrap(), b"bytes");
        let mut buffer = [b'.'; 8];
        here.send_bytes(b"into").unwrap();
        assert_eq!((here.recv_bytes_into(&mut buffer).unwrap(), &buffer), (4, b"into...."));
        here.send_bytes(b"at").unwrap();
        assert_eq!((here.recv_bytes_into(&mut buffer[6..]).unwrap(), &buffer), (2, b"into..at"));
        // Nothing is on its way: a poll waits for as long as it was told, or not at all.
        assert!(!here.poll(Duration::ZERO).unwrap());
        let before = Instant::now();
        assert!(!here.poll(Duration::from_millis(30)).unwrap() && before.elapsed() >= Duration::from_millis(30));
        here.send_bytes(b"there").unwrap();
        assert!(here.poll(NONE).unwrap());
        assert_eq!(here.recv_bytes(5).unwrap(), b"there");
        let large = pattern(16 << 20);
        here.send_bytes(b"first").unwrap();
        assert_eq!(here.recv_bytes(5).unwrap(), b"first");
        here.send_bytes(&large).unwrap();
        assert!(here.recv_bytes(usize::MAX).unwrap() == large, "16 MiB are not what was sent");
        here.send_bytes(b"").unwrap();
        assert!(child.join().unwrap().success());
        assert!(matches!(here.recv::<u8>(), Err(Error::EndOfFile)));
        assert!(matches!(here.recv_bytes(9), Err(Error::EndOfFile)) && here.poll(NONE).unwrap());
        assert!(matches!(here.send(&1), Err(Error::BrokenPipe)));
    }

    #[test]
    fn c_conn_02_a_buffer_too_short_keeps_the_message() {
        for duplex in [true, false] {
            let (mut reader, writer) = pipe(duplex).unwrap();
            writer.send_bytes(b"ten bytes!").unwrap();
            writer.send_bytes(b"next").unwrap();
            let error = reader.recv_bytes_into(&mut [0; 9]).unwrap_err();
            assert_eq!(error.to_string(), "the message has 10 bytes, but the buffer only 9");
            assert!(matches!(error, Error::BufferTooShort { message, room: 9 } if message == b"ten bytes!"));
            assert_eq!(reader.recv_bytes(4).unwrap(), b"next");
            // A limit is another matter: what is refused is not read.
            writer.send_bytes(b"ten bytes!").unwrap();
            assert!(matches!(reader.recv_bytes(9), Err(Error::MessageTooLong { len: 10, most: 9 })));
            assert!(matches!(reader.recv_bytes(10), Err(Error::WrongDirection { .. })));
        }
    }

    #[test]
    fn c_conn_03_a_one_way_pipe_goes_one_way() {
        let (mut reader, mut writer) = pipe(false).unwrap();
        assert!(reader.is_readable() && !reader.is_writable() && writer.is_writable() && !writer.is_readable());
        assert!(matches!(reader.send(&1), Err(Error::WrongDirection { cannot: "send", .. })));
        assert!(matches!(writer.recv::<u8>(), Err(Error::WrongDirection { cannot: "receive", .. })));
        assert!(matches!(writer.poll(Duration::ZERO), Err(Error::WrongDirection { .. })));
        writer.send(&1_u8).unwrap();
        assert_eq!(reader.recv::<u8>().unwrap(), 1);
    }

    #[test]
    fn c_conn_04_a_parent_may_close_the_childs_end_after_the_start() {
        let (mut here, there) = pipe(true).unwrap();
        // The end is moved into the child: `start` closes the parent's copy.
        let child = Process::spawn(move || echo(there));
        here.send_bytes(b"hello").unwrap();
        assert_eq!(here.recv_bytes(5).unwrap(), b"hello");
        here.send_bytes(b"").unwrap();
        child.join().unwrap();
        assert!(matches!(here.recv_bytes(5), Err(Error::EndOfFile)), "nobody else has the other end");
    }

    #[test]
    fn c_conn_06_a_closed_end_is_of_no_use() {
        let (mut left, mut right) = pipe(true).unwrap();
        assert_eq!(left.fileno().unwrap(), left.as_fd().as_raw_fd());
        left.close();
        assert!(left.is_closed());
        for error in [left.send(&1), left.recv(), left.poll(NONE).map(drop), left.fileno().map(drop)] {
            assert!(matches!(error, Err(Error::ConnectionClosed)), "{error:?}");
        }
        assert!(matches!(right.recv::<u8>(), Err(Error::EndOfFile)));
        drop(right);
        left.close();
    }

    #[test]
    fn c_conn_07_a_descriptor_is_writable_in_the_other_process() {
        let (mut here, there) = pipe(true).unwrap();
        let child = Process::spawn(move || {
            let Passed(mut file) = here.recv::<Passed<File>>().unwrap();
            file.write_all(b"written elsewhere").unwrap();
        });
        // Made after the child was: it cannot have inherited it.
        let file = tempfile();
        there.send(&Passed(&file)).unwrap();
        assert!(child.join().unwrap().success());
        let mut text = String::new();
        File::open(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "written elsewhere");
        let (_reader, writer) = pipe(false).unwrap();
        let error = writer.send(&Passed(&file)).unwrap_err().to_string();
        assert!(error.contains("two-way pipes and Unix sockets only"), "{error}");
    }

    #[test]
    fn c_conn_10_empty_messages_are_messages() {
        for duplex in [true, false] {
            let (mut reader, writer) = pipe(duplex).unwrap();
            let texts = ["hello", "", "a", "", "", "bye"];
            texts.iter().for_each(|text| writer.send_bytes(text.as_bytes()).unwrap());
            for text in texts {
                assert!(reader.poll(Duration::ZERO).unwrap());
                assert_eq!(reader.recv_bytes(9).unwrap(), text.as_bytes());
            }
            assert!(!reader.poll(Duration::ZERO).unwrap());
        }
    }

    #[test]
    fn c_conn_12_messages_are_never_merged() {
        for duplex in [true, false] {
            let (mut reader, writer) = pipe(duplex).unwrap();
            let child = Process::spawn(move || ["a", "b", "cd"].map(|text| writer.send_bytes(text.as_bytes()).unwrap()));
            for text in ["a", "b", "cd"] {
                assert!(reader.poll(LONG).unwrap() && reader.poll(NONE).unwrap());
                assert_eq!(reader.recv_bytes(9).unwrap(), text.as_bytes());
            }
            assert!(child.join().unwrap().success());
        }
    }

    #[test]
    fn c_conn_12_many_writers_and_any_size() {
        for duplex in [true, false] {
            let (mut reader, writer) = pipe(duplex).unwrap();
            let lens = [0, 1, 4091, 4092, 4093, 65_535, 65_536, 300_000];
            let children: Vec<Process> = (0..4_u8)
                .map(|number| {
                    let copy: Connection = duplicate(&writer);
                    Process::spawn(move || {
                        for len in lens {
                            copy.send(&(number, len, vec![number; len])).unwrap();
                        }
                    })
                })
                .collect();
            drop(writer);
            let mut seen = BTreeSet::new();
            for _ in 0..4 * lens.len() {
                let (number, len, bytes) = reader.recv::<(u8, usize, Vec<u8>)>().unwrap();
                assert!(bytes.len() == len && bytes.iter().all(|&byte| byte == number), "mixed");
                assert!(seen.insert((number, len)));
            }
            assert!(matches!(reader.recv_bytes(0), Err(Error::EndOfFile)));
            assert!(children.iter().all(|child| child.join().unwrap().success()));
        }
    }

    #[test]
    fn c_conn_12_a_writer_that_is_killed_spoils_no_message() {
        for duplex in [true, false] {
            let (mut reader, writer) = pipe(duplex).unwrap();
            let copy = duplicate(&writer);
            // It fills the pipe with the beginning of a message that never ends.
            let victim = Process::spawn(move || copy.send_bytes(&vec![7; 64 << 20]));
            while reader.poll(Duration::from_millis(1)).unwrap() {}
            assert!(victim.is_alive());
            victim.kill().unwrap();
            assert_eq!(victim.join().unwrap(), ExitStatus::Signal(9));
            let survivor = Process::spawn(move || writer.send(&("whole", pattern(100_000))).unwrap());
            assert_eq!(reader.recv::<(String, Vec<u8>)>().unwrap(), ("whole".to_owned(), pattern(100_000)));
            assert!(survivor.join().unwrap().success());
            assert!(matches!(reader.recv_bytes(0), Err(Error::EndOfFile)));
        }
    }

    #[test]
    fn c_conn_13_an_address_can_be_listened_at_once() {
        for address in families() {
            let first = listener(&address);
            assert_eq!(errno(Listener::<Native>::bind(first.address())), Some(libc::EADDRINUSE), "{address}");
        }
        // Their paths and ports are free again.
        families().iter().for_each(|address| drop(listener(address)));
    }

    #[test]
    fn c_conn_14_listeners_accept_until_they_are_closed() {
        for address in families() {
            let mut listener = listener(&address);
            let address = listener.address().clone();
            let child = Process::spawn(move || connect::<Native>(&address, None).unwrap().send("here").unwrap());
            assert_eq!(listener.accept().unwrap().recv::<String>().unwrap(), "here");
            assert!(child.join().unwrap().success());
            listener.close();
            assert!(matches!(listener.accept(), Err(Error::ConnectionClosed)));
            assert!(errno(connect::<Native>(listener.address(), None)).is_some());
            if let Address::Unix(path) = listener.address() {
                assert!(!path.exists());
            }
        }
    }

    #[test]
    fn c_conn_15_a_client_that_left_is_still_heard() {
        for address in families() {
            let listener = listener(&address);
            let client = connect::<Native>(listener.address(), None).unwrap();
            client.send("I was here").unwrap();
            drop(client);
            let mut connection = listener.accept().unwrap();
            assert!(connection.poll(LONG).unwrap(), "{address}");
            assert_eq!(connection.recv::<String>().unwrap(), "I was here");
            assert!(matches!(connection.recv::<u8>(), Err(Error::EndOfFile)));
        }
    }

    #[test]
    fn c_conn_16_connections_and_sockets_are_sent_to_another_process() {
        let (mut here, there) = pipe(true).unwrap();
        let child = Process::spawn(move || {
            let mut there = there;
            let (number, mut reader, writer) = there.recv::<(u8, Connection, Connection)>().unwrap();
            assert!(!reader.is_writable() && !writer.is_readable());
            assert!(reader.send(&1).is_err());
            assert_eq!(reader.recv::<String>().unwrap(), "read ahead");
            assert_eq!(reader.recv::<String>().unwrap(), "for you");
            writer.send(&number).unwrap();
            let Passed(mut socket) = there.recv::<Passed<TcpStream>>().unwrap();
            socket.write_all(b"from elsewhere").unwrap();
        });
        let ((mut to_read, from_here), (mut answers, to_write)) = (pipe(false).unwrap(), pipe(false).unwrap());
        from_here.send(&"mine").unwrap();
        from_here.send(&"read ahead").unwrap();
        // What this process reads ahead goes with the end.
        assert_eq!(to_read.recv::<String>().unwrap(), "mine");
        here.send(&(7_u8, &to_read, &to_write)).unwrap();
        drop((to_read, to_write));
        from_here.send(&"for you").unwrap();
        assert_eq!(answers.recv::<u8>().unwrap(), 7);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        here.send(&Passed(TcpStream::connect(listener.local_addr().unwrap()).unwrap())).unwrap();
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "from elsewhere");
        assert!(child.join().unwrap().success());
        assert!(matches!(here.recv::<u8>(), Err(Error::EndOfFile)));
    }

    #[test]
    fn c_conn_17_several_connections_are_waited_for() {
        let mut readers: Vec<Connection> = Vec::new();
        let children: Vec<Process> = (0..4_u32)
            .map(|number| {
                let (reader, writer) = pipe(number % 2 == 0).unwrap();
                readers.push(reader);
                Process::spawn(move || (0..10_u32).for_each(|round| writer.send(&(number, round)).unwrap()))
            })
            .collect();
        let mut messages = Vec::new();
        while !readers.is_empty() {
            let ready = wait(&readers.iter().map(Source::from).collect::<Vec<_>>(), LONG).unwrap();
            assert!(!ready.is_empty());
            for place in ready.into_iter().rev() {
                match readers[place].recv::<(u32, u32)>() {
                    Ok(message) => messages.push(message),
                    Err(Error::EndOfFile) => drop(readers.swap_remove(place)),
                    Err(error) => panic!("{error}"),
                }
            }
        }
        messages.sort_unstable();
        let all: Vec<(u32, u32)> = (0..4).flat_map(|number| (0..10).map(move |round| (number, round))).collect();
        assert_eq!(messages, all);
        assert!(children.iter().all(|child| child.join().unwrap().success()));
    }

    #[test]
    fn c_conn_18_several_sockets_are_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut children = Vec::new();
        let mut sockets: Vec<(TcpStream, Vec<u8>)> = (0..4_u8)
            .map(|number| {
                children.push(Process::spawn(move || {
                    let mut socket = TcpStream::connect(address).unwrap();
                    (0..10).for_each(|round| socket.write_all(&[b'a' + number, b'0' + round]).unwrap());
                }));
                (listener.accept().unwrap().0, Vec::new())
            })
            .collect();
        let mut streams = Vec::new();
        while !sockets.is_empty() {
            let sources: Vec<Source<'_>> = sockets.iter().map(|(socket, _)| socket.as_fd().into()).collect();
            for place in wait(&sources, LONG).unwrap().into_iter().rev() {
                let mut bytes = [0; 32];
                let (socket, seen) = &mut sockets[place];
                match socket.read(&mut bytes).unwrap() {
                    0 => streams.push(sockets.swap_remove(place).1),
                    count => seen.extend_from_slice(&bytes[..count]),
                }
            }
        }
        streams.sort();
        let all = [b'a', b'b', b'c', b'd'].map(|name| (b'0'..=b'9').flat_map(|round| [name, round]).collect::<Vec<u8>>());
        assert_eq!(streams, all);
        assert!(children.iter().all(|child| child.join().unwrap().success()));
    }

    #[test]
    fn c_conn_19_a_wait_ends_in_time_and_tells_who_is_ready() {
        let ((one, _keep), (two, writer)) = (pipe(true).unwrap(), pipe(false).unwrap());
        let sources = [Source::from(&one), Source::from(&two)];
        let before = Instant::now();
        assert!(wait(&sources, Duration::from_millis(30)).unwrap().is_empty());
        assert!(before.elapsed() >= Duration::from_millis(30));
        writer.send(&()).unwrap();
        assert_eq!(wait(&sources, LONG).unwrap(), [1]);
        assert!(wait(&[], NONE).unwrap().is_empty(), "nothing to wait for");
        // Twice the same, a plain file, and the end of a process.
        let (file, gate) = (File::open("/dev/null").unwrap(), Shared::new(Event::new()));
        let plain = File::open(std::env::current_exe().unwrap()).unwrap();
        let copy = gate.clone();
        let child = Process::spawn(move || copy.wait());
        let sentinel = Source::from(child.sentinel().unwrap());
        assert!(wait(&[sentinel], Duration::ZERO).unwrap().is_empty());
        let mixed = [sources[1], sentinel, plain.as_fd().into(), sources[1], file.as_fd().into()];
        let ready = wait(&mixed, NONE).unwrap();
        assert!(ready.starts_with(&[0, 2, 3]) && !ready.contains(&1), "{ready:?}");
        gate.set();
        assert_eq!(wait(&[sentinel], LONG).unwrap(), [0]);
        child.join().unwrap();
    }

    #[test]
    fn c_conn_19_what_was_read_ahead_is_ready() {
        let (mut reader, writer) = pipe(false).unwrap();
        writer.send(&1_u8).unwrap();
        writer.send(&2_u8).unwrap();
        assert_eq!(reader.recv::<u8>().unwrap(), 1);
        assert_eq!(wait(&[Source::from(&reader)], NONE).unwrap(), [0]);
        assert_eq!(reader.recv::<u8>().unwrap(), 2);
        assert!(wait(&[Source::from(&reader)], Duration::ZERO).unwrap().is_empty());
    }

    #[test]
    fn c_conn_22_bad_handles_and_families_are_errors() {
        // SAFETY: nothing is done with the descriptor but to be refused.
        let nobody = unsafe { BorrowedFd::borrow_raw(1_000_000) };
        assert_eq!(errno(wait(&[nobody.into()], Duration::ZERO)), Some(libc::EBADF));
        let (mut closed, _other) = pipe(true).unwrap();
        closed.close();
        assert!(matches!(wait(&[Source::from(&closed)], NONE), Err(Error::ConnectionClosed)));
        for text in ["", "nonsense", "AF_MAGIC:0", "127.0.0.1:99999"] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains("must be a path with a / in it, @name, or host:port"), "{error}");
        }
        let long = Address::Unix(format!("/{}", "x".repeat(200)).into());
        assert!(errno(Listener::<Native>::bind(&long)).is_some());
    }

    #[test]
    fn c_mpproc_18_an_object_runs_in_a_process() {
        let (mut here, there) = pipe(true).unwrap();
        let mut shouter = Process::of(Shouter(there));
        shouter.start().unwrap();
        for text in ["one", "two"] {
            here.send(&Some(text)).unwrap();
            assert_eq!(here.recv::<String>().unwrap(), text.to_uppercase());
        }
        here.send(&None::<&str>).unwrap();
        assert!(shouter.join().unwrap().success());
    }

    #[test]
    fn c_mpproc_10_processes_start_processes() {
        fn tree(path: Vec<u32>, tell: Connection) {
            tell.send(&path).unwrap();
            if path.len() < 2 {
                for number in 0..2 {
                    let (path, tell) = ([&path[..], &[number]].concat(), duplicate(&tell));
                    Process::spawn(move || tree(path, tell)).join().unwrap();
                }
            }
        }
        let (mut told, tell) = pipe(false).unwrap();
        assert!(Process::spawn(move || tree(Vec::new(), tell)).join().unwrap().success());
        let paths: Vec<Vec<u32>> = std::iter::from_fn(|| told.recv().ok()).collect();
        let all: [&[u32]; 7] = [&[], &[0], &[0, 0], &[0, 1], &[1], &[1, 0], &[1, 1]];
        assert_eq!(paths, all);
    }

    #[test]
    fn b_xt_14_both_sides_must_have_the_key() {
        let (key, other) = (current_process().authkey().clone(), AuthKey::new(b"another"));
        for address in families() {
            let listener = listener(&address).authkey(&key).patience(LONG);
            let at = listener.address().clone();
            let (right, wrong) = (key.clone(), other.clone());
            let child = Process::spawn(move || {
                let refused = connect::<Native>(&at, Some(&wrong)).unwrap_err();
                assert!(matches!(refused, Error::Authentication { .. }), "{refused}");
                let mut server = connect::<Native>(&at, Some(&right)).unwrap();
                server.send(&server.is_writable()).unwrap();
                assert!(server.recv::<bool>().unwrap());
            });
            let error = listener.accept().unwrap_err();
            assert_eq!(error.to_string(), "not authenticated: the other side has another key");
            let mut client = listener.accept().unwrap();
            assert!(client.recv::<bool>().unwrap());
            client.send(&true).unwrap();
            assert!(child.join().unwrap().success());
        }
    }

    #[test]
    fn b_xt_14_hostile_peers_are_refused() {
        let key = AuthKey::new(b"the key");
        let listener = listener(&"127.0.0.1:0".parse().unwrap()).authkey(&key).patience(Duration::from_millis(300));
        let Address::Tcp(at) = listener.address().clone() else { unreachable!() };
        let refused = |what: &str, bytes: &[u8], why: &str| {
            let mut peer = TcpStream::connect(at).unwrap();
            // It may be turned away before it has said all.
            let _ = peer.write_all(bytes);
            if what == "short" {
                drop(peer.shutdown(std::net::Shutdown::Write));
            }
            let before = Instant::now();
            let error = listener.accept().unwrap_err();
            assert!(matches!(error, Error::Authentication { .. }) && error.to_string().contains(why), "{what}: {error}");
            assert!(before.elapsed() < LONG);
        };
        refused("silent", b"", "timed out");
        refused("short", &[0, 0, 0, 32, 1, 2], "end of file");
        refused("oversized", &[&[0, 0, 16, 0][..], &[0; 4096]].concat(), "at most 256");
        refused("endless", &[0xBF, 0xFF, 0xFF, 0xFF], "no message");
        refused("in parts", &[&[0xC0, 0, 0, 1][..], &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9], b"x"].concat(), "no message");
        refused("wrong digest", &[&[0, 0, 0, 32][..], &[7; 32]].concat(), "another key");
        refused("empty digest", &[0, 0, 0, 0], "another key");
        // And a server that asks for no key learns nothing and is refused by its client.
        let impostor = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = Address::Tcp(impostor.local_addr().unwrap());
        let child = Process::spawn(move || {
            let error = connect::<Native>(&at, Some(&key)).unwrap_err();
            assert!(matches!(error, Error::Authentication { .. }), "{error}");
        });
        let mut peer = impostor.accept().unwrap().0;
        peer.write_all(&[&[0, 0, 0, 9][..], b"#WELCOME#"].concat()).unwrap();
        assert!(child.join().unwrap().success());
    }

    #[test]
    fn c_conn_18_plain_unix_sockets_too() {
        let (mut left, right) = UnixStream::pair().unwrap();
        assert!(wait(&[right.as_fd().into()], Duration::ZERO).unwrap().is_empty());
        left.write_all(b"x").unwrap();
        assert_eq!(wait(&[right.as_fd().into()], NONE).unwrap(), [0]);
    }
}

/// A second end at the same place, as a forked child would have one.
fn duplicate(connection: &Connection) -> Connection {
    let (mut out, there) = pipe(true).unwrap();
    there.send(connection).unwrap();
    out.recv().unwrap()
}

/// A file that is gone when it is closed.
fn tempfile() -> File {
    let path = std::env::temp_dir().join(format!("selvedge-file-{}", std::process::id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    fs::remove_file(path).unwrap();
    file
}
