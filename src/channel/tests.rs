//! Streams of real processes: what comes through whole, and what a death leaves.
//!
//! When a process dies here, a test killed it.

use crate::{ExitStatus, Process, Shared, Signals, Stream, Value};
use nix::sys::signal::Signal;
use std::io::{ErrorKind, Read, Write, pipe};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// More than a pipe holds.
const LARGE: usize = 300_000;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| at as u8).collect()
}

#[test]
fn what_is_written_is_read_however_large() {
    let (reader, writer) = pipe().unwrap();
    let (mut reader, mut writer) = (Stream::new(reader), Stream::new(writer));
    let child = Process::spawn(move || writer.write_all(&pattern(LARGE)).unwrap());
    let mut bytes = Vec::new();
    assert_eq!(reader.read_to_end(&mut bytes).unwrap(), LARGE);
    assert!(bytes == pattern(LARGE));
    assert!(child.join().unwrap().success());
}

#[test]
fn an_end_that_comes_too_early_is_an_error_of_an_exact_read() {
    let (reader, writer) = pipe().unwrap();
    let (mut reader, mut writer) = (Stream::new(reader), Stream::new(writer));
    writer.write_all(b"abc").unwrap();
    drop(writer);
    let error = reader.read_exact(&mut [0; 4]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_stream_of_both_directions_answers() {
    let (near, far) = UnixStream::pair().unwrap();
    let (mut near, mut far) = (Stream::new(near), Stream::new(far));
    let child = Process::spawn(move || {
        let mut bytes = [0; 4];
        far.read_exact(&mut bytes).unwrap();
        bytes.reverse();
        far.write_all(&bytes).unwrap();
    });
    near.write_all(b"ping").unwrap();
    let mut bytes = [0; 4];
    near.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"gnip");
    assert!(child.join().unwrap().success());
    assert!(near.wait_writable(Some(Duration::ZERO)).unwrap());
}

/// Killed at any moment, a writer leaves a beginning of what it wanted to write, and then
/// the end of the file.
#[test]
fn a_killed_writer_leaves_a_beginning_and_an_end() {
    for part in [0, 1, 4096, LARGE / 2] {
        let (reader, writer) = pipe().unwrap();
        let (mut reader, mut writer) = (Stream::new(reader), Stream::new(writer));
        let begun = Shared::new(Value::<u32>::new(0));
        let child = Process::spawn({
            let begun = begun.clone();
            move || {
                begun.set(1);
                // Never ends by itself: nobody reads that much.
                loop {
                    writer.write_all(&pattern(256)).unwrap();
                }
            }
        });
        begun.await_eq(1);
        let mut bytes = vec![0; part];
        reader.read_exact(&mut bytes).unwrap();
        child.kill().unwrap();
        assert_eq!(child.join().unwrap(), ExitStatus::Signal(9));
        reader.read_to_end(&mut bytes).unwrap();
        assert!(bytes == pattern(bytes.len()), "{part}: torn");
        assert!(bytes.len() >= part);
    }
}

/// A handled signal does not end a read: the handler runs, the read goes on.
#[test]
fn a_read_goes_on_after_a_handler() {
    let (reader, mut writer) = pipe().unwrap();
    let mut reader = Stream::new(reader);
    let parent = std::process::id();
    let handled = Shared::new(Value::<u32>::new(0));
    let handler = {
        let handled = handled.clone();
        move |_| _ = handled.fetch_add(1)
    };
    let _handler = Signals::handle(Signal::SIGWINCH, handler).unwrap();
    let child = Process::spawn(move || {
        Signals::send(parent, Signal::SIGWINCH).unwrap();
        // The reader must have handled it in the middle of its read.
        handled.await_eq(1);
        writer.write_all(b"x").unwrap();
    });
    assert_eq!(reader.read(&mut [0]).unwrap(), 1);
    assert!(child.join().unwrap().success());
}
