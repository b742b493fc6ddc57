//! Pipes and connections; listeners and waits for several have files of their own.
//!
//! When a process dies here, a test asked for it.

use nix::libc;
use rusty_fork::rusty_fork_test;
use selvedge::channel::{Passed, Source};
use selvedge::net::{Address, Listener};
use selvedge::platform::Native;
use selvedge::process::Run;
use selvedge::{Connection, Error, ExitStatus, Process, pipe, wait};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(180);
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

pub(super) fn errno<T: std::fmt::Debug>(result: Result<T, Error>) -> Option<i32> {
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

pub(super) fn families() -> [Address; 3] {
    let name = format!("selvedge-test-{}", std::process::id());
    [path("family"), Address::Abstract(name), "127.0.0.1:0".parse().unwrap()]
}

pub(super) fn listener(address: &Address) -> Listener {
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
    #![rusty_fork(timeout_ms = 600_000)]

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
