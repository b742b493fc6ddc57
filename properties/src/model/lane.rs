//! A lane beside a connection: each request is done once, and its answer comes one way.
//!
//! Called by `tests/models.rs`. The connection is a place of either side under a lock; who
//! waits there looks again after the other one ran.
//!
//! | machine | goes through |
//! |---|---|
//! | [`RawLane`] over [`Loom`] | yes |
//! | [`HastyBack`] | no: a request that was taken is taken back, and done twice |
//! | [`RelaxedAnswer`] | no: the client reads what it does not see written |
//!
//! When a process dies, the other one is not told here: not modelled.

use super::{Lacking, Loom, exhaust};
use loom::cell::Cell;
use loom::sync::{Arc, Mutex};
use loom::thread;
use selvedge::platform::{Atomic, Platform};
use selvedge::raw::{Heard, RawLane};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// What [`TWICE`] says is what a broken machine is caught for.
pub const TWICE: &str = "each request is done once";

/// What the law below asks.
pub trait RawWay: 'static {
    /// A lane at which nobody asks.
    fn new() -> Self;
    /// The client: a request was written.
    fn ask(&self);
    /// The client: looks once.
    fn look(&self) -> Option<Heard>;
    /// The client: does not look any more.
    fn give_up(&self) -> Heard;
    /// The client: the answer was read.
    fn read(&self);
    /// The server: takes a request.
    fn take(&self) -> bool;
    /// The server: answers it.
    fn answer(&self, here: bool) -> bool;
}

impl<const WHAT: u8> RawWay for RawLane<Lacking<WHAT>> {
    fn new() -> Self {
        RawLane::new()
    }
    fn ask(&self) {
        self.ask();
    }
    fn look(&self) -> Option<Heard> {
        self.look()
    }
    fn give_up(&self) -> Heard {
        self.give_up()
    }
    fn read(&self) {
        self.read();
    }
    fn take(&self) -> bool {
        self.take()
    }
    fn answer(&self, here: bool) -> bool {
        self.answer(here)
    }
}

/// A lane without a way to sleep in it: 0 idle, 1 asked, 2 taken, 3 answered.
struct Turn(<Loom as Platform>::AtomicU32);

impl Turn {
    fn look(&self) -> Option<Heard> {
        (self.0.load(Acquire) == 3).then_some(Heard::Here)
    }
    fn take(&self) -> bool {
        self.0.compare_exchange(1, 2, Acquire, Relaxed).is_ok()
    }
    /// Looks until the answer is there, if the request was taken.
    fn wait(&self) -> Heard {
        if self.0.compare_exchange(1, 0, Relaxed, Relaxed).is_ok() {
            return Heard::TakenBack;
        }
        loop {
            if let Some(heard) = self.look() {
                return heard;
            }
            thread::yield_now();
        }
    }
}

macro_rules! broken {
    ($name:ident, $give_up:expr, $answer:expr) => {
        impl RawWay for $name {
            fn new() -> Self {
                $name(Turn(Atomic::new(0)))
            }
            fn ask(&self) {
                self.0.0.store(1, Release);
            }
            fn look(&self) -> Option<Heard> {
                self.0.look()
            }
            fn give_up(&self) -> Heard {
                $give_up(&self.0)
            }
            fn read(&self) {
                self.0.0.store(0, Relaxed);
            }
            fn take(&self) -> bool {
                self.0.take()
            }
            fn answer(&self, here: bool) -> bool {
                self.0.0.store(3, $answer);
                here
            }
        }
    };
}

/// Broken: takes its request back without asking whether it was taken.
pub struct HastyBack(Turn);
broken!(
    HastyBack,
    |turn: &Turn| {
        turn.0.store(0, Relaxed);
        Heard::TakenBack
    },
    Release
);

/// Broken: an answer that publishes nothing.
pub struct RelaxedAnswer(Turn);
broken!(RelaxedAnswer, Turn::wait, Relaxed);

struct Shared<L> {
    lane: L,
    bytes: Cell<u32>,
    /// The two directions of the connection.
    requests: Mutex<Option<u32>>,
    answers: Mutex<Option<u32>>,
    over: Mutex<bool>,
}

fn ask<L: RawWay>(shared: &Shared<L>, request: u32, looks: usize) -> u32 {
    shared.bytes.set(request);
    shared.lane.ask();
    let heard = (0..looks).find_map(|_| shared.lane.look());
    match heard.unwrap_or_else(|| shared.lane.give_up()) {
        Heard::Here => {
            let answer = shared.bytes.get();
            shared.lane.read();
            return answer;
        }
        Heard::Elsewhere => {}
        Heard::TakenBack => *shared.requests.lock().expect("nobody panics") = Some(request),
    }
    loop {
        if let Some(answer) = shared.answers.lock().expect("nobody panics").take() {
            return answer;
        }
        thread::yield_now();
    }
}

/// Serves until it is over, and returns how many requests it did.
fn serve<L: RawWay>(shared: &Shared<L>, here: bool) -> u32 {
    let mut done = 0;
    let send = |answer| *shared.answers.lock().expect("nobody panics") = Some(answer);
    loop {
        if shared.lane.take() {
            done += 1;
            let answer = shared.bytes.get() + 1;
            if here {
                shared.bytes.set(answer);
            }
            if !shared.lane.answer(here) {
                send(answer);
            }
        }
        let request = shared.requests.lock().expect("nobody panics").take();
        if let Some(request) = request {
            done += 1;
            send(request + 1);
        }
        if *shared.over.lock().expect("nobody panics") {
            return done;
        }
        thread::yield_now();
    }
}

/// A client asks so often, looking so many times each; the server answers in the lane if
/// `here`. Returns the number of executions.
pub fn each_is_done_once<L>(rounds: u32, looks: usize, here: bool, preemptions: Option<usize>) -> usize
where
    L: RawWay + Send + Sync,
{
    exhaust(preemptions, move || {
        let shared = Arc::new(Shared {
            lane: L::new(),
            bytes: Cell::new(0),
            requests: Mutex::new(None),
            answers: Mutex::new(None),
            over: Mutex::new(false),
        });
        let server = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || serve(&shared, here))
        };
        for round in 0..rounds {
            assert_eq!(ask(&shared, round * 10, looks), round * 10 + 1);
        }
        *shared.over.lock().expect("nobody panics") = true;
        assert_eq!(server.join().expect("it ends"), rounds, "{TWICE}");
    })
}
