//! How does somebody check a primitive of their own with generated programs?
//!
//! The example that `docs/generated.md` names: a latch, which opens when it has been counted
//! down to nothing. What it promises is its [`Specification`], what programs may call comes
//! from [`Generate`], and how the real one does it says [`Subject`]. Beside it stands a latch
//! that counts in two steps, and is caught.
//!
//! When a process dies here, the latch has been counted down or not: a count belongs to nobody.

use proptest::prelude::{BoxedStrategy, Just, Strategy as _, prop_oneof};
use selvedge_harness::fault::Faults;
use selvedge_harness::prelude::*;
use selvedge_properties::program::{Generate, Subject, hunt};
use selvedge_properties::spec::{Outcome, Specification, Task};
use serde::{Deserialize, Serialize};

shareable! {
    /// The primitive. A program that ships has it over `Native`; here it is over the checked one.
    struct Latch { left: Value<u32> }
}

impl Latch {
    fn new(count: u32) -> Self {
        Latch { left: Value::new(count) }
    }

    /// One less; whether there was one.
    #[track_caller]
    fn count_down(&self) -> bool {
        let mut left = self.left.get();
        while left > 0 {
            match self.left.compare_exchange(left, left - 1) {
                Ok(_) => return true,
                Err(now) => left = now,
            }
        }
        false
    }

    #[track_caller]
    fn wait(&self) {
        self.left.await_eq(0);
    }

    #[track_caller]
    fn is_open(&self) -> bool {
        self.left.get() == 0
    }
}

/// What a latch promises. A value of this is how it is made.
#[derive(Clone, Debug)]
struct LatchSpec {
    count: u32,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
enum Call {
    CountDown,
    Wait,
    IsOpen,
}

impl Specification for LatchSpec {
    type Op = Call;
    /// What came back; of a wait always `true`.
    type Ret = bool;
    /// How many are left.
    type State = u32;

    fn init(&self) -> u32 {
        self.count
    }

    fn outcomes(&self, &left: &u32, _: Task, call: &Call) -> Vec<Outcome<Self>> {
        match call {
            Call::CountDown => vec![(left > 0, left.saturating_sub(1))],
            // No outcome at all: whoever calls it waits.
            Call::Wait if left > 0 => vec![],
            Call::Wait => vec![(true, left)],
            Call::IsOpen => vec![(left == 0, left)],
        }
    }

    fn declaration(&self) -> String {
        format!("Latch::new({})", self.count)
    }

    fn call(&self, call: &Call) -> String {
        let name = match call {
            Call::CountDown => "count_down()",
            Call::Wait => "wait()",
            Call::IsOpen => "is_open()",
        };
        name.to_owned()
    }
}

impl Generate for LatchSpec {
    fn ops() -> BoxedStrategy<Call> {
        prop_oneof![3 => Just(Call::CountDown), 2 => Just(Call::Wait), 1 => Just(Call::IsOpen)].boxed()
    }
}

impl Subject for Latch {
    type Spec = LatchSpec;
    // Nothing is in a task's hands between two calls. Of a lock, its guard would be.
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<LatchSpec> {
        (0..=3_u32).prop_map(|count| LatchSpec { count }).boxed()
    }

    fn new(setup: &LatchSpec) -> Self {
        Latch::new(setup.count)
    }

    fn perform(&self, (): &mut (), _: Task, call: &Call) -> bool {
        match call {
            Call::CountDown => self.count_down(),
            Call::Wait => {
                self.wait();
                true
            }
            Call::IsOpen => self.is_open(),
        }
    }
}

shareable! {
    /// Broken: it looks how many are left, and then writes one less.
    struct TwoSteps { latch: Latch }
}

impl Subject for TwoSteps {
    type Spec = LatchSpec;
    type Held<'a> = ();

    fn setups() -> BoxedStrategy<LatchSpec> {
        Latch::setups()
    }

    fn new(setup: &LatchSpec) -> Self {
        TwoSteps { latch: Latch::new(setup.count) }
    }

    fn perform(&self, held: &mut (), me: Task, call: &Call) -> bool {
        if *call != Call::CountDown {
            return self.latch.perform(held, me, call);
        }
        let left = self.latch.left.get();
        if left > 0 {
            self.latch.left.set(left - 1);
        }
        left > 0
    }
}

/// In both engines, calls as steps and words as steps, with nobody killed and with one killed.
fn ways(engine: Engine) -> Vec<Config> {
    let config = Config::default().engine(engine).ignore_environment();
    let way = |granularity, kills| config.clone().granularity(granularity).faults(Faults::kills(kills));
    [(Granularity::Operation, 0), (Granularity::Word, 0), (Granularity::Word, 1)]
        .map(|(granularity, kills)| way(granularity, kills).executions(20))
        .to_vec()
}

#[test]
fn a_latch_does_what_it_promises() {
    for (engine, programs) in [(Engine::Sim, 60), (Engine::Real, 5)] {
        match hunt::<Latch>(programs, &ways(engine)) {
            Ok(counts) => assert!(counts.programs == u64::from(programs) && counts.stuck > 0, "{counts:?}"),
            Err(caught) => panic!("{caught}"),
        }
    }
}

#[test]
fn a_latch_that_counts_in_two_steps_is_caught() {
    let caught = hunt::<TwoSteps>(200, &ways(Engine::Sim)).expect_err("two may count at a time");
    let message = caught.to_string();
    println!("{message}");
    // Two who count down are enough, of one that has two or one to count.
    assert_eq!(caught.program.tasks.len(), 2, "{message}");
    assert!(message.contains("count_down();") && message.contains("not as specified"), "{message}");
}
