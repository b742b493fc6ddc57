//! A pipe into which several processes send, one after the other of which is killed: whole
//! messages come, whatever was acknowledged comes, and nothing comes twice. And one whose
//! receiver is killed: then whoever sends is told.
//!
//! When a process dies here, what it was sending comes whole or does not come.

use crate::family::{Family, LONG, Outcome, SHORT, child, holds, is_caught, refute, until};
use crate::kills::Moments;
use proptest::prelude::any;
use proptest::{prop_assert, prop_assert_eq};
use rusty_fork::rusty_fork_test;
use selvedge::{Array, Connection, Error, ExitStatus, Shared, Value, pipe};
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

/// Whoever receives is killed, asleep or at it: who sends is told, also one that sleeps because
/// the pipe is full, and one that answers on the same connection.
fn receivers_die(kills: u32, seed: u64, kept: bool) -> Outcome {
    let mut moments = Moments::new(seed);
    for kill in 0..kills {
        let (mut reader, mut writer) = pipe(kill % 2 == 0).unwrap();
        // Broken: the starter keeps a copy of the end, so that it is never closed everywhere.
        let copy = kept.then(|| reader.as_fd().try_clone_to_owned().unwrap());
        let came = Shared::new(Value::<u64>::new(0));
        let (sent, count) = (1 + moments.below(3_000), came.clone());
        let receiver = Family::of([child(move || {
            while let Ok((number, bytes)) = reader.recv::<(u64, Vec<u8>)>() {
                if number != count.get() || bytes != filling(number) {
                    break;
                }
                count.set(number + 1);
            }
        })]);
        let sender = Family::of([child(move || {
            let mut number = 0;
            // A few, after which the receiver sleeps, or more than the pipe has room for.
            while sent < 1_000 && number <= sent / 10 {
                whole(&writer, &(number, filling(number)));
                number += 1;
            }
            let told = loop {
                let result = match sent < 1_000 && writer.is_readable() {
                    true => writer.recv::<()>(),
                    false => writer.send(&(number, filling(number))),
                };
                number += 1;
                if let Err(error) = result {
                    break error;
                }
            };
            let gone = matches!(told, Error::BrokenPipe | Error::EndOfFile);
            selvedge::exit(if gone { 0 } else { 70 });
        })]);
        until("that something came", || came.get() > 0 || !receiver[0].is_alive())?;
        moments.pass_at_most(300_000);
        let _ = receiver[0].kill();
        prop_assert_eq!(
            receiver[0].join().unwrap(),
            ExitStatus::Signal(9),
            "refuted: what came is no message"
        );
        let ended = sender[0].join_timeout(if kept { SHORT } else { LONG }).unwrap();
        prop_assert_eq!(ended, Some(ExitStatus::Code(0)), "refuted: the sender was not told, {}", kill);
        drop(copy);
    }
    Ok(())
}

rusty_fork_test! {
    #![rusty_fork(timeout_ms = crate::DEADLINE_MS)]

    #[test]
    fn a_pipe_survives_its_senders() {
        holds(1, any::<u64>(), |seed| senders_die(KILLS, seed, whole));
    }

    #[test]
    fn a_pipe_tells_its_senders_that_the_receiver_died() {
        holds(1, any::<u64>(), |seed| receivers_die(KILLS, seed, false));
    }

    #[test]
    fn a_pipe_of_which_somebody_keeps_the_end_does_not() {
        is_caught("the sender was not told", || receivers_die(8, 5, true));
    }

    #[test]
    fn a_pipe_written_in_pieces_does_not() {
        is_caught("refuted", || senders_die(40, 3, in_pieces).map_err(|error| {
            proptest::test_runner::TestCaseError::fail(format!("refuted: {error}"))
        }));
    }
}
