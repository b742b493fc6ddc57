//! Who reads or writes an item in place may take any time: nobody who only tries waits for it,
//! and when it is killed there, it is as if it had never come.
//!
//! At `Operation` granularity a call is one step with all that its closure does, so that nobody
//! meets anybody in place there.

use crate::{BOTH, SCALE, passes, quiet};
use selvedge::Shareable;
use selvedge::platform::Platform;
use selvedge_harness::Checked;
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use std::time::Duration;

const MOMENT: Duration = Duration::from_millis(1);

/// What the laws ask of a queue.
trait InPlace: Shareable + Send + Sync + 'static {
    /// Whether those who put and those who get work at one end.
    const ONE_END: bool;
    fn make() -> Self;
    fn try_put(&self, item: u32) -> Result<(), PutError<u32>>;
    fn put_in_time(&self, item: u32) -> bool;
    fn try_get(&self) -> Result<u32, GetError>;
    fn get_in_time(&self) -> Result<u32, GetError>;
    fn look(&self, look: impl FnOnce());
    fn fill(&self, item: u32, look: impl FnOnce());
}

macro_rules! in_place {
    ($($queue:ty: $one_end:literal;)*) => {$(
        impl InPlace for $queue {
            const ONE_END: bool = $one_end;
            fn make() -> Self {
                Self::bounded(4)
            }
            fn try_put(&self, item: u32) -> Result<(), PutError<u32>> {
                <$queue>::try_put(self, item)
            }
            fn put_in_time(&self, item: u32) -> bool {
                self.put_timeout(item, MOMENT).is_ok()
            }
            fn try_get(&self) -> Result<u32, GetError> {
                <$queue>::try_get(self)
            }
            fn get_in_time(&self) -> Result<u32, GetError> {
                self.get_timeout(MOMENT)
            }
            fn look(&self, look: impl FnOnce()) {
                self.get_with(|_| look()).unwrap();
            }
            fn fill(&self, item: u32, look: impl FnOnce()) {
                let filled = self.put_with(|place| {
                    look();
                    place.write(item)
                });
                filled.unwrap();
            }
        }
    )*};
}

/// Last in, first out, of items that are their bytes.
type PlainLifo = selvedge::channel::Queue<u32, Checked, selvedge::channel::Lifo, selvedge::channel::Plain>;

in_place! {
    PlainQueue<u32>: false;
    PlainLifo: true;
}

shareable! {
    /// A queue of three items, and what its users tell each other.
    struct Shop<Q: InPlace> {
        queue: Q,
        inside: Event,
        seen: Event,
        got: Value<u32>,
        life: RobustMutex<()>,
    }
}

impl<Q: InPlace> Shop<Q> {
    fn new() -> Self {
        let queue = Q::make();
        for item in [1, 2, 3] {
            queue.try_put(item).unwrap();
        }
        let (inside, seen) = (Event::new(), Event::new());
        Shop { queue, inside, seen, got: Value::new(0), life: RobustMutex::new(()) }
    }

    /// Stays in place until somebody has seen it there.
    fn stay(&self) {
        self.inside.set();
        self.seen.wait();
    }
}

/// Who reads in place goes on only when the other one has its answers.
fn a_reader<Q: InPlace>() -> Program<Shop<Q>> {
    Program::new("reader", Shop::<Q>::new).task("reader", |shop| shop.queue.look(|| shop.stay())).task(
        "trier",
        |shop| {
            shop.inside.wait();
            assert_eq!(shop.queue.try_get(), Err(GetError::Busy));
            assert_eq!(shop.queue.get_in_time(), Err(GetError::Busy));
            match shop.queue.try_put(4) {
                Err(PutError::Busy(4)) => assert!(Q::ONE_END, "there is nobody at the other end"),
                put => assert!(put.is_ok() && !Q::ONE_END, "{put:?}"),
            }
            shop.seen.set();
        },
    )
}

/// The same for who writes in place.
fn a_writer<Q: InPlace>() -> Program<Shop<Q>> {
    Program::new("writer", Shop::<Q>::new).task("writer", |shop| shop.queue.fill(4, || shop.stay())).task(
        "trier",
        |shop| {
            shop.inside.wait();
            assert!(matches!(shop.queue.try_put(5), Err(PutError::Busy(5))));
            let expected = if Q::ONE_END { Err(GetError::Busy) } else { Ok(1) };
            assert_eq!(shop.queue.try_get(), expected);
            shop.seen.set();
        },
    )
}

/// Who is killed in place leaves its item to the next one, and nobody is refused because of it.
fn the_dead<Q: InPlace>() -> Program<Shop<Q>> {
    let faults = Faults { victims: vec!["victim".to_owned()], ..Faults::kills(1) };
    Program::new("victim", Shop::<Q>::new)
        .task("victim", |shop| {
            let _life = shop.life.lock().unwrap();
            shop.queue.look(|| shop.inside.set());
            shop.seen.set();
        })
        .task("getter", |shop| assert!(shop.queue.get_in_time().is_ok_and(|item| item < 4)))
        .task("trier", |shop| {
            let is_dead = shop.life.lock().is_err();
            let got = shop.queue.try_get();
            assert!(!is_dead || got != Err(GetError::Busy), "nobody is in place");
            shop.got.set(u32::from(got.is_ok()));
        })
        .finally(|shop| {
            let mut left = 0;
            let refused = loop {
                match shop.queue.try_get() {
                    Ok(_) => left += 1,
                    Err(refused) => break refused,
                }
            };
            assert_eq!(refused, GetError::Empty);
            // What the victim looked at is gone once it came back, and at no earlier moment than
            // that at which its closure did.
            let rest = left + shop.got.get();
            let least = if shop.inside.is_set() { 1 } else { 2 };
            let most = if shop.seen.is_set() { 1 } else { 2 };
            assert!((least..=most).contains(&rest), "{rest} of 3 items were for others than these two");
        })
        .faults(faults)
}

/// Who looks in place takes a lock of its own and gives it back, and is killed at every point:
/// whoever sleeps for the room that it leaves is woken, or there is none.
fn with_a_lock<Q: InPlace>() -> Program<Shop<Q>> {
    let full = || {
        let shop = Shop::<Q>::new();
        shop.queue.try_put(4).unwrap();
        shop
    };
    Program::new("lock", full)
        .task("victim", |shop| shop.queue.look(|| drop(shop.life.lock())))
        .task("putter", |shop| {
            if shop.queue.put_in_time(5) {
                assert!(Checked::now() < MOMENT.as_nanos() as u64, "it slept although there was room");
            }
        })
        .faults(Faults { victims: vec!["victim".to_owned()], ..Faults::kills(1) })
}

fn all<Q: InPlace>(what: &str) {
    let every =
        quiet(Engine::Sim, Granularity::Word).strategy(Strategy::Dfs { preemptions: Some(2) }).exhaust();
    passes(&with_a_lock::<Q>().check(&every).unwrap(), what);
    for engine in BOTH {
        let executions = if engine == Engine::Sim { 600 } else { 30 } * SCALE;
        let config = quiet(engine, Granularity::Word).executions(executions);
        for program in [a_reader::<Q>, a_writer, the_dead] {
            passes(&program().check(&config).unwrap(), &format!("{what} {engine:?}"));
        }
    }
}

#[test]
fn who_only_tries_waits_for_nobody_in_place() {
    all::<PlainQueue<u32>>("first in, first out");
    all::<PlainLifo>("last in, first out");
}
