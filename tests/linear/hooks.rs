//! More objects on which simulated clients quarrel: such as users write, some without a word about
//! what makes judging faster, some who say more of themselves than any object of the judge does.

use super::objects::Object;
use selvedge_harness::Rng;
use selvedge_harness::judge::linear::Model;

/// One number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// Reads it.
    Read,
    /// Writes a number.
    Write(i64),
    /// Writes a number, and returns what was there.
    Swap(i64),
    /// Writes the second number if the first is there; whether it was.
    Cas(i64, i64),
    /// Lowers it to a number, if it is greater.
    Cap(i64),
    /// Raises it to a number, if it is less.
    Lift(i64),
    /// Adds a number, round a circle.
    Add(i64),
    /// Adds one, round a circle, and returns what was there.
    Next,
    /// Takes one, waiting for it.
    Take,
    /// Takes one if there is one; whether there was.
    TryTake,
    /// Gives one back, waiting for room.
    Give,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ret {
    Value(i64),
    Bool(bool),
    Done,
}

/// The numbers of a circle, and the most that there is room for.
const ROUND: i64 = 5;

/// The state after `op` and what comes back; `None` if it waits, for room below `room` too.
fn outcome(state: i64, op: Op, room: i64) -> Option<(i64, Ret)> {
    Some(match op {
        Op::Read => (state, Ret::Value(state)),
        Op::Write(value) => (value, Ret::Done),
        Op::Swap(value) => (value, Ret::Value(state)),
        Op::Cas(from, to) if state == from => (to, Ret::Bool(true)),
        Op::Cas(..) => (state, Ret::Bool(false)),
        Op::Cap(value) => (state.min(value), Ret::Done),
        Op::Lift(value) => (state.max(value), Ret::Done),
        Op::Add(value) => ((state + value) % ROUND, Ret::Done),
        Op::Next => ((state + 1) % ROUND, Ret::Value(state)),
        Op::Take if state == 0 => return None,
        Op::Take => (state - 1, Ret::Done),
        Op::TryTake if state == 0 => (0, Ret::Bool(false)),
        Op::TryTake => (state - 1, Ret::Bool(true)),
        Op::Give if state == room => return None,
        Op::Give => (state + 1, Ret::Done),
    })
}

fn few(rng: &mut Rng) -> i64 {
    i64::from(rng.below(4))
}

/// What is only there if somebody writes it.
fn is_lost<'a>(state: i64, ret: &Ret, mut others: impl Iterator<Item = &'a Op>) -> bool {
    let Ret::Value(value) = *ret else { return false };
    let writes = |other: &Op| match *other {
        Op::Write(to) | Op::Swap(to) | Op::Cas(_, to) | Op::Cap(to) | Op::Lift(to) => to == value,
        _ => false,
    };
    value != state && !others.any(writes)
}

/// An object with one number: what is called, room, and what else it says of itself.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident, $room:expr, $init:expr, $draw:expr, { $($said:item)* })*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Model for $name {
            type Op = Op;
            type Ret = Ret;
            type State = i64;

            fn init(&self) -> i64 {
                $init
            }
            fn step(&self, state: &i64, op: &Op, ret: Option<&Ret>) -> Option<i64> {
                let (next, answer) = outcome(*state, *op, $room)?;
                ret.is_none_or(|ret| *ret == answer).then_some(next)
            }
            $($said)*
        }

        impl Object for $name {
            fn draw(&self, rng: &mut Rng) -> Op {
                let draw: fn(&mut Rng) -> Op = $draw;
                draw(rng)
            }
            fn answer(&self, state: &i64, op: &Op) -> Option<Ret> {
                outcome(*state, *op, $room).map(|(_, ret)| ret)
            }
            fn other(&self, rng: &mut Rng, op: &Op) -> Ret {
                match op {
                    Op::Read | Op::Swap(_) | Op::Next => Ret::Value(few(rng)),
                    Op::Cas(..) | Op::TryTake => Ret::Bool(rng.below(2) == 0),
                    _ => Ret::Done,
                }
            }
            fn nonsense(&self, op: &Op) -> Option<Ret> {
                matches!(op, Op::Read | Op::Swap(_) | Op::Next).then_some(Ret::Value(99))
            }
        }
    )*};
}

numbers! {
    /// A register whose writes can be looked at: two kinds of them are as good as each other where
    /// nobody knows what came back.
    Exchange, 0, 0, |rng| match rng.below(7) {
        0 | 1 => Op::Read,
        2 | 3 => Op::Write(few(rng)),
        4 => Op::Swap(few(rng)),
        _ => Op::Cas(few(rng), few(rng)),
    }, {
        fn reads(&self, op: &Op, ret: &Ret) -> bool {
            *op == Op::Read || *ret == Ret::Bool(false)
        }
        fn covers(&self, op: &Op, other: &Op) -> bool {
            match (*op, *other) {
                (Op::Write(a) | Op::Swap(a), Op::Write(b) | Op::Swap(b) | Op::Cas(_, b)) => a == b,
                _ => false,
            }
        }
        fn replaces(&self, op: &Op, ret: Option<&Ret>) -> bool {
            matches!((op, ret), (Op::Write(_), _) | (Op::Swap(_), None))
        }
        const LOST_ANYWHERE: bool = true;
        fn lost(&self, state: &i64, _: &Op, ret: &Ret, others: &mut dyn Iterator<Item = &Op>) -> bool {
            is_lost(*state, ret, others)
        }
    }

    /// A number that is written, lowered and raised: not all that changes it replaces it.
    Level, 0, 0, |rng| match rng.below(6) {
        0..=2 => Op::Read,
        3 => Op::Write(few(rng)),
        4 => Op::Cap(few(rng)),
        _ => Op::Lift(few(rng)),
    }, {
        fn reads(&self, op: &Op, _: &Ret) -> bool {
            *op == Op::Read
        }
        fn replaces(&self, op: &Op, _: Option<&Ret>) -> bool {
            matches!(op, Op::Write(_))
        }
        const LOST_ANYWHERE: bool = true;
        fn lost(&self, state: &i64, _: &Op, ret: &Ret, others: &mut dyn Iterator<Item = &Op>) -> bool {
            is_lost(*state, ret, others)
        }
    }

    /// A number that is added to, and sometimes written.
    Counter, 0, 0, |rng| match rng.below(8) {
        0..=2 => Op::Read,
        3..=5 => Op::Add(1 + few(rng) / 2),
        6 => Op::Next,
        _ => Op::Write(0),
    }, {
        fn reads(&self, op: &Op, _: &Ret) -> bool {
            *op == Op::Read
        }
        fn replaces(&self, op: &Op, _: Option<&Ret>) -> bool {
            matches!(op, Op::Write(_))
        }
    }

    /// A lock that anybody gives back; it says nothing about itself.
    Lock, 1, 1, |rng| [Op::Take, Op::TryTake, Op::TryTake, Op::Give, Op::Give][rng.below(5) as usize], {}

    /// A semaphore.
    Permits, 3, 2, |rng| {
        [Op::Take, Op::TryTake, Op::TryTake, Op::Give, Op::Give, Op::Read][rng.below(6) as usize]
    }, {
        fn reads(&self, op: &Op, ret: &Ret) -> bool {
            *op == Op::Read || *ret == Ret::Bool(false)
        }
    }
}
