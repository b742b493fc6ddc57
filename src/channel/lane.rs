//! A short way beside a connection: bytes in shared memory, for as long as both look.
//!
//! Called by managers: a request and its answer cross from core to core in less time than
//! one system call takes, and two of those are needed to wake anybody.
//!
//! | offset in the memory | what is there |
//! |---|---|
//! | 0 | the words of [`RawLane`], which say whose the rest is |
//! | 64 | the length of a request or of its answer |
//! | 128 | its bytes |
//!
//! 1. The server makes the memory, seals its size, and sends it by the connection: nobody
//!    can make it shorter under the other one.
//! 2. The bytes are copied out before they are looked at, and a length is never believed.
//!
//! A platform whose waits do not look has no lanes: everything goes by the connection there,
//! where a scheduler sees it.
//!
//! When a process dies here, see [`RawLane`]; the memory goes with the last who maps it.

use crate::platform::Platform;
use crate::raw::{Heard, RawLane, Spin};
use crate::sys::memory::Mapping;
use std::io;
use std::marker::PhantomData;
use std::os::fd::OwnedFd;

const LENGTH: usize = 64;
const BYTES: usize = 128;
const SIZE: usize = 4096;
/// The longest request and the longest answer, in bytes.
const ROOM: usize = SIZE - BYTES;

/// One end of a lane.
pub(crate) struct Lane<P: Platform> {
    memory: Mapping,
    /// How long it is worth looking for an answer.
    spin: Spin,
    platform: PhantomData<P>,
}

/// What a client hears.
pub(crate) enum Answer {
    /// The answer.
    Here(Vec<u8>),
    /// It comes by the connection.
    Elsewhere,
    /// The request must be sent by the connection.
    NotAsked,
}

impl<P: Platform> Lane<P> {
    /// A server's end, and what the client needs for its own; `None` where nobody looks.
    pub(crate) fn offer() -> Option<(Lane<P>, OwnedFd)> {
        if P::SPIN == 0 {
            return None;
        }
        // Without a lane everything works, only not as fast.
        let (memory, file) = Mapping::sealed(SIZE).ok()?;
        // SAFETY: the memory is new, aligned and large enough; the client gets it later.
        unsafe { memory.base().cast::<RawLane<P>>().write(RawLane::new()) };
        Some((Lane { memory, spin: Spin::new(), platform: PhantomData }, file))
    }

    /// The client's end.
    pub(crate) fn accept(file: OwnedFd) -> io::Result<Lane<P>> {
        let memory = Mapping::of_sealed(file, SIZE)?;
        Ok(Lane { memory, spin: Spin::new(), platform: PhantomData })
    }

    fn words(&self) -> &RawLane<P> {
        // SAFETY: `offer` wrote it, and it is used by atomic accesses only.
        unsafe { &*self.memory.base().cast::<RawLane<P>>() }
    }

    /// The client: asks, and looks for the answer for as long as that pays off.
    pub(crate) fn ask(&self, request: &[u8]) -> Answer {
        let words = self.words();
        if request.len() > ROOM || !words.is_served() || !self.spin.is_worth_it() {
            return Answer::NotAsked;
        }
        self.write(request);
        words.ask();
        match self.spin.until::<P, _>(None, || words.look()).unwrap_or_else(|| words.give_up()) {
            Heard::Here => {
                let answer = self.copied();
                words.read();
                Answer::Here(answer)
            }
            Heard::Elsewhere => Answer::Elsewhere,
            Heard::TakenBack => Answer::NotAsked,
        }
    }

    /// The server: says whether it looks here.
    pub(crate) fn serve(&self, looks: bool) {
        self.words().serve(looks);
    }

    /// The server: takes the request if there is one.
    pub(crate) fn take(&self) -> bool {
        self.words().take()
    }

    /// The server that has taken a request: that.
    pub(crate) fn request(&self) -> Vec<u8> {
        self.copied()
    }

    /// The server that has taken a request: answers it, or says that the answer must be
    /// sent by the connection.
    pub(crate) fn answer(&self, answer: &[u8]) -> bool {
        let here = answer.len() <= ROOM;
        if here {
            self.write(answer);
        }
        self.words().answer(here)
    }

    /// Writes what the other one is to read; it is this end's turn.
    fn write(&self, bytes: &[u8]) {
        debug_assert!(bytes.len() <= ROOM);
        let base = self.memory.base();
        // SAFETY: inside the memory, of which these bytes are this end's now (the table of
        // `RawLane`); the source is no part of it.
        unsafe {
            base.add(LENGTH).cast::<u32>().write_volatile(bytes.len() as u32);
            base.add(BYTES).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    /// What the other one wrote; it is this end's turn.
    fn copied(&self) -> Vec<u8> {
        let base = self.memory.base();
        // SAFETY: as in `write`; whatever the length is, no more than the room is copied.
        unsafe {
            let len = (base.add(LENGTH).cast::<u32>().read_volatile() as usize).min(ROOM);
            let mut bytes = Vec::with_capacity(len);
            base.add(BYTES).copy_to_nonoverlapping(bytes.as_mut_ptr(), len);
            bytes.set_len(len);
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Native;
    use crate::sys::process;

    /// A child serves until the number that says so, and finds the sum of what it was sent.
    #[test]
    fn requests_and_answers_cross_processes_whole() {
        let (server, file) = Lane::<Native>::offer().unwrap();
        let client = Lane::<Native>::accept(file).unwrap();
        let child = process::fork(move || {
            let mut sum = 0_u32;
            loop {
                if !server.take() {
                    std::thread::yield_now();
                    continue;
                }
                let request = server.request();
                assert!(request.iter().all(|byte| *byte == request[0]), "torn");
                sum += request.len() as u32;
                server.answer(&sum.to_ne_bytes());
                if request.len() == 1 {
                    return 0;
                }
            }
        })
        .unwrap();
        // Looking without an end: how long it pays off is another matter.
        let ask = |request: &[u8]| {
            client.write(request);
            client.words().ask();
            while client.words().look().is_none() {
                std::thread::yield_now();
            }
            let answer = client.copied();
            client.words().read();
            answer
        };
        let mut sum = 0_u32;
        for len in (0..40).map(|round| 2 + round * 97 % (ROOM - 2)).chain([1]) {
            sum += len as u32;
            assert_eq!(ask(&vec![len as u8; len]), sum.to_ne_bytes());
        }
        assert!(child.wait(None).unwrap().unwrap().success());
        assert!(matches!(client.ask(&vec![0; ROOM + 1]), Answer::NotAsked), "it is too long");
    }

    /// A client that nobody answers goes by the connection, and the server never sees what
    /// it took back.
    #[test]
    fn who_is_not_heard_asks_elsewhere() {
        let (server, file) = Lane::<Native>::offer().unwrap();
        let client = Lane::<Native>::accept(file).unwrap();
        assert!(matches!(client.ask(b"nobody looks"), Answer::NotAsked));
        server.serve(true);
        assert!(matches!(client.ask(b"nobody answers"), Answer::NotAsked));
        assert!(!server.take());
    }

    #[test]
    fn what_is_no_lane_is_refused() {
        let short = std::io::pipe().unwrap().0;
        assert!(Lane::<Native>::accept(short.into()).is_err());
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(Lane::<Native>::accept(file.into()).is_err());
    }
}
