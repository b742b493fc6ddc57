//! Programs over a channel for one sender and one receiver, and the channels that they are run
//! on.

use super::handed::{Handed, Tasks};
use super::subject::Generate;
use crate::spec::{Spsc, SpscOp, SpscRet, Task};
use proptest::prelude::*;
use selvedge::{GetError, PutError};
use selvedge_harness::prelude::{Receiver, Sender, spsc, spsc_bytes};
use std::marker::PhantomData;

impl Generate for Spsc {
    const TASKS: usize = 2;

    /// Without `drop`: that comes last.
    fn ops() -> BoxedStrategy<SpscOp> {
        prop_oneof![
            4 => (0..10_u8).prop_map(SpscOp::Send),
            2 => (0..10_u8).prop_map(SpscOp::TrySend),
            2 => Just(SpscOp::TryRecv),
            4 => Just(SpscOp::Recv),
            1 => Just(SpscOp::Len),
            1 => Just(SpscOp::Close),
        ]
        .boxed()
    }
}

/// Small channels.
pub fn setups() -> BoxedStrategy<Spsc> {
    (1..=3_usize).prop_map(|capacity| Spsc { capacity, ends: 2 }).boxed()
}

/// How a number goes through a channel.
pub trait Carried: 'static {
    /// What the channel is for.
    type Item: ?Sized + 'static;

    /// A channel.
    fn make(capacity: usize) -> (Sender<Self::Item>, Receiver<Self::Item>);

    /// Sends a number; may wait for room.
    fn send(end: &mut Sender<Self::Item>, number: u8, waits: bool) -> SpscRet;

    /// Receives one; may wait for one.
    fn recv(end: &mut Receiver<Self::Item>, waits: bool) -> Result<u8, GetError>;
}

/// As it is.
#[derive(Debug)]
pub struct Numbers;

impl Carried for Numbers {
    type Item = u8;

    fn make(capacity: usize) -> (Sender<u8>, Receiver<u8>) {
        spsc(capacity).expect("a small channel")
    }

    fn send(end: &mut Sender<u8>, number: u8, waits: bool) -> SpscRet {
        sent(if waits { end.send(number) } else { end.try_send(number) })
    }

    fn recv(end: &mut Receiver<u8>, waits: bool) -> Result<u8, GetError> {
        if waits { end.recv() } else { end.try_recv() }
    }
}

/// As a message of some bytes: how many, and which, the number says.
#[derive(Debug)]
pub struct Messages;

impl Messages {
    /// The longest.
    const LARGEST: usize = 9;

    fn of(number: u8) -> Vec<u8> {
        vec![number; usize::from(number) % (Self::LARGEST + 1)]
    }
}

impl Carried for Messages {
    type Item = [u8];

    fn make(capacity: usize) -> (Sender<[u8]>, Receiver<[u8]>) {
        spsc_bytes(capacity, Messages::LARGEST).expect("a small channel")
    }

    fn send(end: &mut Sender<[u8]>, number: u8, waits: bool) -> SpscRet {
        let message = Messages::of(number);
        sent(if waits { end.send(&message) } else { end.try_send(&message) })
    }

    fn recv(end: &mut Receiver<[u8]>, waits: bool) -> Result<u8, GetError> {
        let message = if waits { end.recv() } else { end.try_recv() }?;
        let number = message.first().copied().unwrap_or(0);
        assert_eq!(message, Messages::of(number), "this is not what was sent");
        Ok(number)
    }
}

fn sent<T>(result: Result<(), PutError<T>>) -> SpscRet {
    match result {
        Ok(()) => SpscRet::Done,
        Err(PutError::Full(_)) => SpscRet::Full,
        Err(PutError::Closed(_)) => SpscRet::Closed,
        Err(_) => SpscRet::Refused,
    }
}

fn got(result: Result<u8, GetError>) -> SpscRet {
    match result {
        Ok(number) => SpscRet::Got(number),
        Err(GetError::Empty) => SpscRet::Empty,
        Err(GetError::Closed) => SpscRet::Closed,
        Err(_) => SpscRet::Refused,
    }
}

/// The channel between two processes.
#[derive(Debug)]
pub struct RealSpsc<C>(PhantomData<C>);

/// What a task has of a channel.
#[derive(Debug)]
pub enum End<C: Carried> {
    /// Where it sends.
    In(Sender<C::Item>),
    /// Where it receives.
    Out(Receiver<C::Item>),
    /// Nothing any more.
    Dropped,
}

impl<C: Carried> Handed for RealSpsc<C>
where
    End<C>: Send,
{
    type Spec = Spsc;
    type End = End<C>;
    type Rest = ();

    const TASKS: Tasks = Tasks::Processes;

    fn setups() -> BoxedStrategy<Spsc> {
        setups()
    }

    fn new(setup: &Spsc, tasks: usize) -> (Vec<End<C>>, ()) {
        let (sender, receiver) = C::make(setup.capacity);
        let mut ends = vec![End::Out(receiver), End::In(sender)];
        ends.truncate(tasks);
        (ends, ())
    }

    fn perform(end: &mut End<C>, _: Task, op: &SpscOp) -> SpscRet {
        match (&mut *end, *op) {
            (End::In(sender), SpscOp::Send(number)) => C::send(sender, number, true),
            (End::In(sender), SpscOp::TrySend(number)) => C::send(sender, number, false),
            (End::Out(receiver), SpscOp::Recv) => got(C::recv(receiver, true)),
            (End::Out(receiver), SpscOp::TryRecv) => got(C::recv(receiver, false)),
            (End::In(sender), SpscOp::Len) => SpscRet::Len(sender.len()),
            (End::Out(receiver), SpscOp::Len) => SpscRet::Len(receiver.len()),
            (End::In(sender), SpscOp::Close) => SpscRet::WasOpen(sender.close()),
            (End::Out(receiver), SpscOp::Close) => SpscRet::WasOpen(receiver.close()),
            (End::In(_) | End::Out(_), SpscOp::Drop) => {
                *end = End::Dropped;
                SpscRet::Done
            }
            _ => SpscRet::Refused,
        }
    }

    fn closing(end: &End<C>) -> Option<SpscOp> {
        (!matches!(end, End::Dropped)).then_some(SpscOp::Drop)
    }
}
