//! The searches, beside somebody who tries every order.

use super::histories::{Shape, damage, simulate};
use super::objects::Object;
use super::oracle;
use selvedge_harness::Rng;
use selvedge_harness::judge::linear::spec::{
    Kv, KvOp, KvRet, PoolOp, PoolRet, Queue, Register, RegisterOp, RegisterRet,
};
use selvedge_harness::judge::linear::{
    Call, Consistency, Crash, History, Judgement, Model, Options, Why, judge,
};
use std::collections::BTreeSet;
use std::time::Duration;

const SEARCH: Options = Options {
    consistency: Consistency::Linearizable,
    crash: Crash::Strict,
    time: None,
    memory: 1 << 26,
    monitors: false,
};

fn history<O: Clone, R: Clone>(calls: &[Call<O, R>]) -> History<O, R> {
    calls.iter().cloned().collect()
}

/// Histories of a register on which its clients quarrel: few values, many open ends.
fn register(rng: &mut Rng) -> Vec<Call<RegisterOp, RegisterRet>> {
    let shape = Shape {
        operations: 2 + rng.below(6) as usize,
        clients: 2 + rng.below(3) as usize,
        open: 30,
        killed: 40,
    };
    let value = |rng: &mut Rng| i64::from(rng.below(3));
    let draw = |rng: &mut Rng| match rng.below(5) {
        0 | 1 => RegisterOp::Read,
        2 | 3 => RegisterOp::Write(value(rng)),
        _ => RegisterOp::Cas(value(rng), value(rng)),
    };
    let mut calls = simulate(&Register, rng, shape, draw, |state, op| Register.answer(state, op));
    for _ in 0..rng.below(3) {
        damage(&mut calls, rng, |rng, op| match op {
            RegisterOp::Read => RegisterRet::Value(Some(value(rng))),
            RegisterOp::Write(_) => RegisterRet::Done,
            RegisterOp::Cas(..) => RegisterRet::Swapped(rng.below(2) == 0),
        });
    }
    calls
}

/// Histories of strings at two keys, whose gets show in which order they were built.
fn kv(rng: &mut Rng) -> Vec<Call<KvOp, KvRet>> {
    let shape = Shape { operations: 2 + rng.below(6) as usize, clients: 3, open: 20, killed: 20 };
    let key = |rng: &mut Rng| if rng.below(4) == 0 { "b" } else { "a" }.to_owned();
    let text = |rng: &mut Rng| ["x", "y", "xy"][rng.below(3) as usize].to_owned();
    let draw = |rng: &mut Rng| match rng.below(6) {
        0..=2 => KvOp::Get(key(rng)),
        3 => KvOp::Put(key(rng), text(rng)),
        _ => KvOp::Append(key(rng), text(rng)),
    };
    // One key: the simulation has one state.
    let answer = |state: &String, op: &KvOp| match op {
        KvOp::Get(_) => Some(KvRet::Value(state.clone())),
        _ => Some(KvRet::Done),
    };
    let mut calls = simulate(&Kv, rng, shape, draw, answer);
    for _ in 0..rng.below(2) {
        damage(&mut calls, rng, |rng, op| match op {
            KvOp::Get(_) => KvRet::Value(["", "x", "y", "xy", "xx", "yx"][rng.below(6) as usize].to_owned()),
            _ => KvRet::Done,
        });
    }
    calls
}

/// Strings at one key: the same model without its parts.
struct OneKey;

impl Model for OneKey {
    type Op = KvOp;
    type Ret = KvRet;
    type State = String;

    fn init(&self) -> String {
        Kv.init()
    }
    fn step(&self, state: &String, op: &KvOp, ret: Option<&KvRet>) -> Option<String> {
        Kv.step(state, op, ret)
    }
    const ONLY_READS_TELL: bool = true;

    fn forgotten(&self, state: &String, op: &KvOp, ret: &KvRet) -> bool {
        Kv.forgotten(state, op, ret)
    }
    fn reads(&self, op: &KvOp, ret: &KvRet) -> bool {
        Kv.reads(op, ret)
    }
    fn lost(&self, state: &String, op: &KvOp, ret: &KvRet, others: &mut dyn Iterator<Item = &KvOp>) -> bool {
        Kv.lost(state, op, ret, others)
    }
}

/// How often histories held and did not, so that a test that sees only one kind fails.
#[derive(Default)]
struct Seen {
    held: usize,
    broken: usize,
}

impl Seen {
    fn note(&mut self, held: bool) {
        *(if held { &mut self.held } else { &mut self.broken }) += 1;
    }

    fn both(&self, at_least: usize) {
        assert!(
            self.held >= at_least && self.broken >= at_least,
            "{} held, {} did not",
            self.held,
            self.broken
        );
    }
}

fn agrees<M: Model>(model: &M, calls: &[Call<M::Op, M::Ret>], crash: Crash, seen: &mut Seen) {
    let judgement = judge(model, &history(calls), &Options { crash, ..SEARCH });
    let held = oracle::holds(model, calls, Consistency::Linearizable, crash);
    seen.note(held);
    match judgement {
        Judgement::Holds => assert!(held, "explained: {calls:?}"),
        Judgement::Broken(stuck) => {
            assert!(!held, "not explained: {calls:?}");
            assert_eq!(stuck.operation, oracle::first_broken(model, calls, crash), "{calls:?}");
            let prefix: BTreeSet<usize> = stuck.prefix.iter().copied().collect();
            assert_eq!(prefix.len(), stuck.prefix.len(), "an operation stands twice in the prefix");
        }
        Judgement::Inconclusive(why) => panic!("{why}: {calls:?}"),
    }
}

#[test]
fn the_search_agrees_with_trying_every_order() {
    let mut rng = Rng::new(1);
    let mut seen = Seen::default();
    for _ in 0..1_500 {
        let calls = register(&mut rng);
        agrees(&Register, &calls, Crash::Strict, &mut seen);
        agrees(&Register, &calls, Crash::Durable, &mut seen);
    }
    seen.both(300);
}

#[test]
fn looking_ahead_changes_no_judgement() {
    let mut rng = Rng::new(2);
    let mut seen = Seen::default();
    for _ in 0..1_200 {
        let calls = kv(&mut rng);
        agrees(&OneKey, &calls, Crash::Strict, &mut seen);
    }
    seen.both(100);
}

#[test]
fn sequential_consistency_agrees_with_trying_every_order() {
    let mut rng = Rng::new(3);
    let mut seen = Seen::default();
    let options = Options { consistency: Consistency::Sequential, ..SEARCH };
    for _ in 0..1_200 {
        let calls = register(&mut rng);
        let held = oracle::holds(&Register, &calls, Consistency::Sequential, Crash::Strict);
        seen.note(held);
        let judgement = judge(&Register, &history(&calls), &options);
        assert_eq!(judgement == Judgement::Holds, held, "{judgement:?}: {calls:?}");
    }
    seen.both(100);
}

/// Two registers, each by itself sequentially consistent, the whole not (the example of
/// Herlihy and Wing): judging part by part would miss it.
#[test]
fn sequential_consistency_is_not_judged_part_by_part() {
    let mut calls = History::new();
    let append = |key: &str, text: &str| KvOp::Append(key.to_owned(), text.to_owned());
    let get = |key: &str| KvOp::Get(key.to_owned());
    calls.done(0, 1, append("a", "x"), KvRet::Done, 2);
    calls.done(0, 3, get("b"), KvRet::Value(String::new()), 4);
    calls.done(1, 1, append("b", "y"), KvRet::Done, 2);
    calls.done(1, 3, get("a"), KvRet::Value(String::new()), 4);
    let options = Options { consistency: Consistency::Sequential, ..SEARCH };
    assert!(matches!(judge(&Kv, &calls, &options), Judgement::Broken(_)));
    let mut one = calls.clone();
    one.retain(|call| call.op.key() == "a");
    assert_eq!(judge(&Kv, &one, &options), Judgement::Holds);
    assert!(matches!(judge(&Kv, &one, &SEARCH), Judgement::Broken(_)), "real time is another matter");
}

/// What a killed client began may be seen after the kill only if it was there before.
#[test]
fn a_kill_bounds_what_was_done() {
    let mut history = History::new();
    let write = history.call(0, RegisterOp::Write(1), 1);
    history.killed(write, 5);
    history.done(1, 6, RegisterOp::Read, RegisterRet::Value(None), 7);
    history.done(1, 8, RegisterOp::Read, RegisterRet::Value(Some(1)), 9);
    let judged = |crash| judge(&Register, &history, &Options { crash, ..SEARCH });
    assert!(matches!(judged(Crash::Strict), Judgement::Broken(stuck) if stuck.operation == Some(2)));
    assert_eq!(judged(Crash::Durable), Judgement::Holds);
}

/// Many puts at once, and one value that is taken twice: every order is wrong, and each
/// leads to another queue.
fn hopeless(puts: u64) -> History<PoolOp, PoolRet> {
    let mut history = History::new();
    for put in 0..puts {
        history.done(put as usize, 1, PoolOp::Put(put as i64), PoolRet::Done, 2);
    }
    for take in 0..2 {
        history.done(1000, 3 + 2 * take, PoolOp::Take, PoolRet::Took(Some(0)), 4 + 2 * take);
    }
    history
}

#[test]
fn who_runs_out_of_time_or_memory_does_not_judge() {
    let history = hopeless(24);
    let little = Options { memory: 1 << 20, ..SEARCH };
    assert_eq!(judge(&Queue, &history, &little), Judgement::Inconclusive(Why::Memory));
    let short = Options { time: Some(Duration::ZERO), ..SEARCH };
    assert_eq!(judge(&Queue, &history, &short), Judgement::Inconclusive(Why::Time));
    let sequential = Options { consistency: Consistency::Sequential, ..short };
    assert_eq!(judge(&Queue, &history, &sequential), Judgement::Inconclusive(Why::Time));
    assert!(matches!(judge(&Queue, &hopeless(5), &SEARCH), Judgement::Broken(_)));
}

/// Of two writes of the same, one can be hidden and the other one cannot: it comes where it does
/// nothing, before what it would undo, and does not wait for the one that nobody needs.
#[test]
fn who_must_be_placed_does_not_wait_for_who_can_be_hidden() {
    let mut history = History::new();
    let hidden = history.call(0, RegisterOp::Write(2), 1);
    let over = history.call(1, RegisterOp::Write(2), 2);
    history.returned(over, RegisterRet::Done, 3);
    let late = history.call(2, RegisterOp::Write(2), 4);
    let swap = history.call(1, RegisterOp::Cas(2, 3), 5);
    history.returned(swap, RegisterRet::Swapped(true), 6);
    history.returned(hidden, RegisterRet::Done, 7);
    history.returned(late, RegisterRet::Done, 8);
    let read = history.call(0, RegisterOp::Read, 9);
    history.returned(read, RegisterRet::Value(Some(3)), 10);
    assert_eq!(judge(&Register, &history, &SEARCH), Judgement::Holds);
}

/// What is as good as another and weaker comes first, but not if it was called only after a kill
/// that something else must precede.
#[test]
fn who_is_weaker_is_not_waited_for_past_a_kill() {
    let mut history = History::new();
    history.done(0, 1, RegisterOp::Write(0), RegisterRet::Done, 2);
    let write = history.call(1, RegisterOp::Write(1), 3);
    let swap = history.call(2, RegisterOp::Cas(1, 2), 4);
    let read = history.call(0, RegisterOp::Read, 5);
    history.killed(swap, 6);
    let weaker = history.call(3, RegisterOp::Cas(0, 1), 7);
    history.returned(read, RegisterRet::Value(Some(2)), 8);
    history.killed(weaker, 9);
    history.killed(write, 10);
    assert_eq!(judge(&Register, &history, &SEARCH), Judgement::Holds);
}
