//! Histories too long to try every order of them: is any rule that makes the search shorter wrong?

use super::histories::Shape;
use super::hooks::{Counter, Exchange, Level, Lock, Op, Permits, Ret};
use super::objects::{Cell, Object, Text};
use super::trial::{Seen, sound, trial};
use selvedge_harness::judge::linear::spec::{Kv, Queue, Register, Set};
use selvedge_harness::judge::linear::{History, Judgement, Options, judge};

/// Judges histories of all shapes; there must be enough judgements of each kind.
fn try_out<M: Object>(object: &M) {
    let histories = if cfg!(debug_assertions) { 48 } else { 200 };
    let mut seen = Seen::default();
    for seed in 0..histories {
        trial(object, seed, shape(seed), &mut seen);
    }
    for seed in 0..5 * histories {
        sound(object, seed, sound_shape(seed));
    }
    let Seen { held, broken, ruled, unknown } = seen;
    let all = held + broken + unknown;
    assert!(held > all / 8 && broken > all / 30 && ruled > all / 8 && unknown < all / 4, "{seen:?}");
}

/// From short ones, in which everything meets, to long and wide ones.
pub(crate) fn shape(seed: u64) -> Shape {
    let operations = match seed % 16 {
        0..=7 => 6 + seed as usize / 16 % 24,
        8..=13 => 50 + seed as usize / 16 % 100,
        _ if cfg!(debug_assertions) => 150,
        14 => 300,
        _ => 2_000,
    };
    let clients = match seed / 16 % 8 {
        0..=6 => 2 + (seed / 128) as usize % 5,
        _ => 7 + (seed / 128) as usize % 24,
    };
    // Many that do not return are only for short histories.
    let scarce = (operations / 12).max(1) as u32;
    let open = [0, 30 / scarce, 60 / scarce][seed as usize / 3 % 3];
    let killed = [0, 40 / scarce.min(4)][seed as usize / 9 % 2];
    Shape { operations, clients, open, killed }
}

/// Long and not too wide: mistakes that need much to meet have time to.
pub(crate) fn sound_shape(seed: u64) -> Shape {
    Shape {
        operations: 150,
        clients: 2 + seed as usize % 9,
        open: seed as u32 % 3,
        killed: seed as u32 / 3 % 2,
    }
}

/// What was placed only to cover something is needed, although what comes next would lead to the
/// same state without it.
#[test]
fn who_covers_is_needed() {
    let mut history = History::new();
    for (client, at, op, ret, until) in [
        (0, 10, Op::Write(3), Ret::Done, 16),
        (1, 12, Op::Write(1), Ret::Done, 21),
        (0, 17, Op::Write(0), Ret::Done, 25),
        (1, 22, Op::Cap(1), Ret::Done, 24),
        (2, 26, Op::Read, Ret::Value(1), 39),
    ] {
        history.done(client, at, op, ret, until);
    }
    assert_eq!(judge(&Level, &history, &Options::default()), Judgement::Holds);
}

#[test]
fn registers() {
    try_out(&Register);
    try_out(&Cell);
}

#[test]
fn strings() {
    try_out(&Kv);
    try_out(&Text);
}

#[test]
fn numbers() {
    try_out(&Exchange);
    try_out(&Level);
    try_out(&Counter);
}

#[test]
fn locks() {
    try_out(&Lock);
    try_out(&Permits);
}

#[test]
fn collections() {
    try_out(&Set);
    try_out(&Queue);
}
