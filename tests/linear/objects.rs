//! Objects on which simulated clients quarrel: few values, so that there are plenty of equals.
//!
//! Those of the judge itself, and some that answer every question a model may be asked, so that
//! all rules of the search meet.

use selvedge_harness::Rng;
use selvedge_harness::judge::linear::Model;
use selvedge_harness::judge::linear::spec::{
    Kv, KvOp, KvRet, PoolOp, PoolRet, Queue, Register, RegisterOp, RegisterRet, Set, SetOp,
};

/// A model that a service can be simulated of.
pub(crate) trait Object: Model {
    /// What a client calls next.
    fn draw(&self, rng: &mut Rng) -> Self::Op;
    /// What comes back in a state; `None` if the client waits there.
    fn answer(&self, state: &Self::State, op: &Self::Op) -> Option<Self::Ret>;
    /// What might come back in some other state.
    fn other(&self, rng: &mut Rng, op: &Self::Op) -> Self::Ret;
    /// What comes back in no state, if there is such a thing.
    fn nonsense(&self, op: &Self::Op) -> Option<Self::Ret>;
}

fn few(rng: &mut Rng) -> i64 {
    i64::from(rng.below(4))
}

fn coin(rng: &mut Rng) -> bool {
    rng.below(2) == 0
}

impl Object for Register {
    fn draw(&self, rng: &mut Rng) -> RegisterOp {
        match rng.below(6) {
            0 | 1 => RegisterOp::Read,
            2 | 3 => RegisterOp::Write(few(rng)),
            _ => RegisterOp::Cas(few(rng), few(rng)),
        }
    }

    fn answer(&self, state: &Option<i64>, op: &RegisterOp) -> Option<RegisterRet> {
        Some(match op {
            RegisterOp::Read => RegisterRet::Value(*state),
            RegisterOp::Write(_) => RegisterRet::Done,
            RegisterOp::Cas(from, _) => RegisterRet::Swapped(*state == Some(*from)),
        })
    }

    fn other(&self, rng: &mut Rng, op: &RegisterOp) -> RegisterRet {
        match op {
            RegisterOp::Read => RegisterRet::Value(Some(few(rng))),
            RegisterOp::Write(_) => RegisterRet::Done,
            RegisterOp::Cas(..) => RegisterRet::Swapped(coin(rng)),
        }
    }

    fn nonsense(&self, op: &RegisterOp) -> Option<RegisterRet> {
        (*op == RegisterOp::Read).then_some(RegisterRet::Value(Some(99)))
    }
}

/// A register without exchanges, of which only reads tell anything.
pub(crate) struct Cell;

impl Model for Cell {
    type Op = RegisterOp;
    type Ret = RegisterRet;
    type State = Option<i64>;

    fn init(&self) -> Option<i64> {
        None
    }
    fn step(&self, state: &Option<i64>, op: &RegisterOp, ret: Option<&RegisterRet>) -> Option<Option<i64>> {
        Register.step(state, op, ret)
    }
    fn reads(&self, op: &RegisterOp, ret: &RegisterRet) -> bool {
        Register.reads(op, ret)
    }
    fn replaces(&self, op: &RegisterOp, ret: Option<&RegisterRet>) -> bool {
        Register.replaces(op, ret)
    }
    const LOST_ANYWHERE: bool = true;
    fn lost(
        &self,
        state: &Option<i64>,
        op: &RegisterOp,
        ret: &RegisterRet,
        others: &mut dyn Iterator<Item = &RegisterOp>,
    ) -> bool {
        Register.lost(state, op, ret, others)
    }
    const ONLY_READS_TELL: bool = true;
    fn forgotten(&self, state: &Option<i64>, _: &RegisterOp, ret: &RegisterRet) -> bool {
        RegisterRet::Value(*state) != *ret
    }
}

impl Object for Cell {
    fn draw(&self, rng: &mut Rng) -> RegisterOp {
        if coin(rng) { RegisterOp::Read } else { RegisterOp::Write(few(rng)) }
    }
    fn answer(&self, state: &Option<i64>, op: &RegisterOp) -> Option<RegisterRet> {
        Register.answer(state, op)
    }
    fn other(&self, rng: &mut Rng, op: &RegisterOp) -> RegisterRet {
        Register.other(rng, op)
    }
    fn nonsense(&self, op: &RegisterOp) -> Option<RegisterRet> {
        Register.nonsense(op)
    }
}

/// Strings at one key, where a put replaces all there was.
pub(crate) struct Text;

impl Model for Text {
    type Op = KvOp;
    type Ret = KvRet;
    type State = String;

    fn init(&self) -> String {
        Kv.init()
    }
    fn step(&self, state: &String, op: &KvOp, ret: Option<&KvRet>) -> Option<String> {
        Kv.step(state, op, ret)
    }
    fn reads(&self, op: &KvOp, ret: &KvRet) -> bool {
        Kv.reads(op, ret)
    }
    fn replaces(&self, op: &KvOp, _: Option<&KvRet>) -> bool {
        matches!(op, KvOp::Put(..))
    }
    fn lost(&self, state: &String, op: &KvOp, ret: &KvRet, others: &mut dyn Iterator<Item = &KvOp>) -> bool {
        Kv.lost(state, op, ret, others)
    }
    const ONLY_READS_TELL: bool = true;
    fn forgotten(&self, state: &String, op: &KvOp, ret: &KvRet) -> bool {
        Kv.forgotten(state, op, ret)
    }
    fn shows(&self, op: &KvOp, read: &KvOp, ret: &KvRet) -> bool {
        Kv.shows(op, read, ret)
    }
}

impl Object for Text {
    fn draw(&self, rng: &mut Rng) -> KvOp {
        let text = |rng: &mut Rng| ["x", "y", "xy"][rng.below(3) as usize].to_owned();
        match rng.below(6) {
            0..=2 => KvOp::Get("k".to_owned()),
            // Often enough for strings to stay short.
            3 | 4 => KvOp::Put("k".to_owned(), text(rng)),
            _ => KvOp::Append("k".to_owned(), text(rng)),
        }
    }
    fn answer(&self, state: &String, op: &KvOp) -> Option<KvRet> {
        Some(if matches!(op, KvOp::Get(_)) { KvRet::Value(state.clone()) } else { KvRet::Done })
    }
    fn other(&self, rng: &mut Rng, op: &KvOp) -> KvRet {
        let values = ["", "x", "y", "xy", "xx", "yx", "xyx"];
        match op {
            KvOp::Get(_) => KvRet::Value(values[rng.below(7) as usize].to_owned()),
            _ => KvRet::Done,
        }
    }
    fn nonsense(&self, op: &KvOp) -> Option<KvRet> {
        matches!(op, KvOp::Get(_)).then(|| KvRet::Value("xz".to_owned()))
    }
}

impl Object for Kv {
    fn draw(&self, rng: &mut Rng) -> KvOp {
        Text.draw(rng)
    }
    fn answer(&self, state: &String, op: &KvOp) -> Option<KvRet> {
        Text.answer(state, op)
    }
    fn other(&self, rng: &mut Rng, op: &KvOp) -> KvRet {
        Text.other(rng, op)
    }
    fn nonsense(&self, op: &KvOp) -> Option<KvRet> {
        Text.nonsense(op)
    }
}

/// One number of a set: the simulation has one state.
impl Object for Set {
    fn draw(&self, rng: &mut Rng) -> SetOp {
        [SetOp::Add(1), SetOp::Remove(1), SetOp::Contains(1)][rng.below(3) as usize]
    }
    fn answer(&self, state: &bool, op: &SetOp) -> Option<bool> {
        Some(if matches!(op, SetOp::Add(_)) { !state } else { *state })
    }
    fn other(&self, rng: &mut Rng, _: &SetOp) -> bool {
        coin(rng)
    }
    fn nonsense(&self, _: &SetOp) -> Option<bool> {
        None
    }
}

impl Object for Queue {
    fn draw(&self, rng: &mut Rng) -> PoolOp {
        // More are taken than put: it stays short.
        if rng.below(7) < 3 { PoolOp::Put(few(rng) / 2) } else { PoolOp::Take }
    }
    fn answer(&self, state: &Self::State, op: &PoolOp) -> Option<PoolRet> {
        Some(match op {
            PoolOp::Put(_) => PoolRet::Done,
            PoolOp::Take => PoolRet::Took(state.front().copied()),
        })
    }
    fn other(&self, rng: &mut Rng, op: &PoolOp) -> PoolRet {
        match op {
            PoolOp::Put(_) => PoolRet::Done,
            PoolOp::Take => PoolRet::Took([None, Some(0), Some(1)][rng.below(3) as usize]),
        }
    }
    fn nonsense(&self, op: &PoolOp) -> Option<PoolRet> {
        (*op == PoolOp::Take).then_some(PoolRet::Took(Some(99)))
    }
}
