//! Waits for several connections and sockets at a time.
//!
//! When a process dies here, its end is at the end of the file, and so ready.

use rusty_fork::rusty_fork_test;
use selvedge::channel::Source;
use selvedge::{Connection, Error, Event, Process, Shared, pipe, wait};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(180);
const NONE: Option<Duration> = None;

rusty_fork_test! {
    #![rusty_fork(timeout_ms = 600_000)]

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
    fn c_conn_18_plain_unix_sockets_too() {
        let (mut left, right) = UnixStream::pair().unwrap();
        assert!(wait(&[right.as_fd().into()], Duration::ZERO).unwrap().is_empty());
        left.write_all(b"x").unwrap();
        assert_eq!(wait(&[right.as_fd().into()], NONE).unwrap(), [0]);
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
}
