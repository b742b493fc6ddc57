//! Programs over a pipe, and the pipe that they are run on.

use super::handed::{Handed, Tasks};
use super::subject::Generate;
use crate::spec::{Pipe, PipeOp, PipeRet, Task};
use proptest::prelude::*;
use selvedge::Error;
use selvedge_harness::prelude::{Connection, pipe};

impl Generate for Pipe {
    /// Without `close`: that comes last.
    fn ops() -> BoxedStrategy<PipeOp> {
        prop_oneof![1 => (0..10_u8).prop_map(PipeOp::Send), 1 => Just(PipeOp::Recv)].boxed()
    }
}

/// A pipe between processes. The reader is started last, when the main task has no other end
/// any more that the reader could have a copy of.
#[derive(Debug)]
pub struct RealPipe;

impl Handed for RealPipe {
    type Spec = Pipe;
    type End = Option<Connection>;
    type Rest = ();

    const TASKS: Tasks = Tasks::Processes;

    fn setups() -> BoxedStrategy<Pipe> {
        Just(Pipe::default()).boxed()
    }

    fn new(setup: &Pipe, tasks: usize) -> (Vec<Self::End>, ()) {
        let (reader, writer) = pipe(false).expect("a pipe");
        let mut ends = vec![Some(reader)];
        let (mut copies, there) = pipe(true).expect("a pipe");
        for _ in 1..setup.writers {
            there.send(&writer).expect("an end can be sent");
            ends.push(Some(copies.recv().expect("an end can be received")));
        }
        ends.push(Some(writer));
        ends.truncate(tasks);
        (ends, ())
    }

    fn perform(end: &mut Self::End, me: Task, op: &PipeOp) -> PipeRet {
        if *op == PipeOp::Close {
            *end = None;
            return PipeRet::Done;
        }
        let Some(connection) = end else { return PipeRet::Refused };
        match *op {
            PipeOp::Send(message) if me != 0 => match connection.send(&message) {
                Ok(()) => PipeRet::Done,
                Err(Error::BrokenPipe) => PipeRet::Broken,
                Err(error) => panic!("a small message cannot be sent: {error}"),
            },
            PipeOp::Recv if me == 0 => match connection.recv() {
                Ok(message) => PipeRet::Got(message),
                Err(Error::EndOfFile) => PipeRet::EndOfFile,
                Err(error) => panic!("a message cannot be received: {error}"),
            },
            _ => PipeRet::Refused,
        }
    }

    fn closing(end: &Self::End) -> Option<PipeOp> {
        end.is_some().then_some(PipeOp::Close)
    }
}
