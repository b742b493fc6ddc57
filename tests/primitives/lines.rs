//! A pipe into which several processes send, one after the other of which is killed: whole
//! messages come, whatever was acknowledged comes, and nothing comes twice.
//!
//! When a process dies here, what it was sending comes whole or does not come.

use crate::family::{Family, Outcome, child, holds, is_caught, refute};
use crate::kills::Moments;
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq};
use rusty_fork::rusty_fork_test;
use selvedge::{Array, Connection, ExitStatus, pipe};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;

const KILLS: u32 = if cfg!(debug_assertions) { 150 } else { 1000 };
/// Who send.
const SENDERS: usize = 3;
/// Numbers that can be sent in a test.
const NUMBERS: usize = 1 << 24;
/// The longest message, in bytes: several chunks.
const LONGEST: usize = 20_000;

const SENT: u8 = 1;
const CAME: u8 = 2;

fn filling(number: u64) -> Vec<u8> {
    let len = if number.is_multiple_of(5) { number as usize * 37 % LONGEST } else { number as usize % 64 };
    (0..len).map(|at| (at as u64 ^ number) as u8).collect()
}

/// How a message is sent: as it should be, or as bytes that anything may cut.
type Send = fn(&Connection, &(u64, Vec<u8>)) -> bool;

fn whole(writer: &Connection, message: &(u64, Vec<u8>)) -> bool {
    writer.send(message).is_ok()
}

/// Broken: a length, then the message, in two writes and as many as it takes.
fn in_pieces(writer: &Connection, message: &(u64, Vec<u8>)) -> bool {
    let Ok(copy) = writer.as_fd().try_clone_to_owned() else { return false };
    let mut file = File::from(copy);
    let head = (message.1.len() as u32 + 8).to_be_bytes();
    let halves = [&head[..], &message.0.to_le_bytes(), &message.1];
    halves.iter().all(|part| file.write_all(part).is_ok())
}

/// Reads a message and takes it down.
fn take(reader: &mut Connection, fate: &Array<u8>) -> Outcome {
    match reader.recv::<(u64, Vec<u8>)>() {
        Ok((number, bytes)) if bytes == filling(number) => {
            fate.fetch_add(number as usize, CAME);
            Ok(())
        }
        Ok((number, _)) => refute(format!("message {number} is not what was sent")),
        Err(error) => refute(format!("what came is no message: {error}")),
    }
}

fn senders_die(kills: u32, seed: u64, send: Send) -> Outcome {
    let (mut reader, writer) = pipe(false).unwrap();
    let writer = Arc::new(writer);
    let (begun, fate) = (Array::<u64>::new(1), Array::<u8>::new(NUMBERS));
    let start = || {
        let (writer, begun, fate) = (Arc::clone(&writer), begun.clone(), fate.clone());
        Family::of([child(move || {
            loop {
                // What a dead sender was at is not used again.
                let number = begun.fetch_add(0, 1);
                if number as usize >= NUMBERS || !send(&writer, &(number, filling(number))) {
                    break;
                }
                fate.fetch_add(number as usize, SENT);
            }
        })])
    };
    let mut family: Vec<Family> = (0..SENDERS).map(|_| start()).collect();
    let mut moments = Moments::new(seed);
    for _ in 0..kills {
        for _ in 0..moments.below(40) {
            take(&mut reader, &fate)?;
        }
        let victim = moments.below(SENDERS as u64) as usize;
        let _ = family[victim][0].kill();
        prop_assert_eq!(family[victim][0].join().unwrap(), ExitStatus::Signal(9));
        family[victim] = start();
    }
    for sender in &family {
        let _ = sender[0].kill().and_then(|()| sender[0].join());
    }
    drop(writer);
    // Now this is the end of the file, and no message is half there for ever.
    loop {
        match reader.recv::<(u64, Vec<u8>)>() {
            Ok((number, bytes)) if bytes == filling(number) => {
                fate.fetch_add(number as usize, CAME);
            }
            Err(selvedge::Error::EndOfFile) => break,
            other => refute(format!("what came last is no message: {other:?}"))?,
        }
    }
    let mut sent = 0;
    for number in 0..begun.get(0) as usize {
        let fate = fate.get(number);
        prop_assert!(fate / CAME <= 1, "refuted: message {number} came {} times", fate / CAME);
        prop_assert!(fate != SENT, "refuted: message {number} was sent and never came");
        sent += u32::from(fate & SENT);
    }
    println!("{sent} messages sent in {kills} kills");
    prop_assert!(sent > kills, "refuted: only {sent} messages were sent");
    Ok(())
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn a_pipe_survives_its_senders() {
        holds(1, any::<u64>(), |seed| senders_die(KILLS, seed, whole));
    }

    #[test]
    fn a_pipe_written_in_pieces_does_not() {
        is_caught("refuted", || senders_die(40, 3, in_pieces).map_err(|error| {
            proptest::test_runner::TestCaseError::fail(format!("refuted: {error}"))
        }));
    }
}
