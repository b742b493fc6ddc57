//! Histories of which there are too many orders to try them, and need not be.

use selvedge_harness::judge::linear::spec::{Kv, KvOp, KvRet, Register, RegisterOp, RegisterRet};
use selvedge_harness::judge::linear::{History, Judgement, Model, Options, judge};

/// So much memory that a search of every subset of thirty operations runs out of it.
fn is_broken<M: Model>(model: &M, history: &History<M::Op, M::Ret>) -> bool {
    let options = Options { memory: 1 << 20, time: None, monitors: false, ..Options::default() };
    match judge(model, history, &options) {
        Judgement::Holds => false,
        Judgement::Broken(_) => true,
        Judgement::Inconclusive(why) => panic!("{why}"),
    }
}

/// Equal operations side by side: which is which does not matter.
#[test]
fn twins_are_not_tried_in_every_order() {
    let swaps = |there: u64, back: u64| {
        let mut history = History::new();
        history.done(0, 1, RegisterOp::Write(0), RegisterRet::Done, 2);
        for number in 0..there + back {
            let op = if number < there { RegisterOp::Cas(0, 1) } else { RegisterOp::Cas(1, 0) };
            history.done(number as usize, 3, op, RegisterRet::Swapped(true), 10 + number);
        }
        history
    };
    assert!(!is_broken(&Register, &swaps(15, 15)) && !is_broken(&Register, &swaps(15, 14)));
    assert!(is_broken(&Register, &swaps(15, 13)), "there is nowhere to swap from");
}

/// One that never returned is not used where one that did return does the same.
#[test]
fn who_returned_comes_before_who_did_not() {
    let swaps = |lost: usize| {
        let mut history = History::new();
        history.done(0, 1, RegisterOp::Write(0), RegisterRet::Done, 2);
        for number in 0..12 {
            let (from, to) = if number % 2 == 0 { (0, 1) } else { (1, 0) };
            history.done(
                number,
                3,
                RegisterOp::Cas(from, to),
                RegisterRet::Swapped(true),
                10 + number as u64,
            );
        }
        // Only these could bring it back to where the last ones began.
        for number in 0..lost {
            history.call(100 + number, RegisterOp::Cas(number as i64 % 2, 1 - number as i64 % 2), 4);
        }
        history.done(0, 30, RegisterOp::Read, RegisterRet::Value(Some(0)), 31);
        for number in 0..3 {
            history.done(number, 32, RegisterOp::Cas(1, 0), RegisterRet::Swapped(true), 40 + number as u64);
        }
        history
    };
    assert!(!is_broken(&Register, &swaps(8)));
    assert!(is_broken(&Register, &swaps(3)), "three times back needs three times there");
}

/// What no read shows is out of the way at once.
#[test]
fn what_leaves_no_trace_is_not_tried_in_every_order() {
    let log = |seen: &str| {
        let append = |text: String| KvOp::Append("k".to_owned(), text);
        let put = |text: &str| KvOp::Put("k".to_owned(), text.to_owned());
        let mut history = History::new();
        history.done(0, 1, put("z"), KvRet::Done, 2);
        history.done(1, 3, append("w".to_owned()), KvRet::Done, 40);
        for number in 0..24_u64 {
            history.done(2 + number as usize, 3, append(format!("[{number}]")), KvRet::Done, 41 + number);
        }
        history.done(0, 80, put("q"), KvRet::Done, 81);
        history.done(0, 82, KvOp::Get("k".to_owned()), KvRet::Value(seen.to_owned()), 83);
        history
    };
    assert!(!is_broken(&Kv, &log("q")));
    assert!(is_broken(&Kv, &log("qw")), "it was appended before the put");
}

/// Of many writes at a time only those that are read are put in an order.
#[test]
fn writes_that_nobody_reads_are_not_tried_in_every_order() {
    let log = |last: i64| {
        let mut history = History::new();
        history.done(0, 1, RegisterOp::Write(0), RegisterRet::Done, 2);
        for number in 1..=30 {
            history.done(number, 3, RegisterOp::Write(number as i64), RegisterRet::Done, 40 + number as u64);
        }
        for (at, value) in [(4, 7), (6, 8), (8, last)] {
            history.done(40, at, RegisterOp::Read, RegisterRet::Value(Some(value)), at + 1);
        }
        history
    };
    assert!(!is_broken(&Register, &log(9)));
    assert!(is_broken(&Register, &log(7)), "7 was written once, and 8 was read since then");
}

/// What must stay until somebody has read it rules out what would change it before.
#[test]
fn a_value_that_is_read_again_is_not_left_in_between() {
    let log = |again: u64| {
        let mut history = History::new();
        history.done(0, 3, RegisterOp::Write(7), RegisterRet::Done, 90);
        history.done(1, 4, RegisterOp::Read, RegisterRet::Value(Some(7)), 5);
        for number in 0..24 {
            let (value, end) = (100 + number as i64, 200 + number as u64);
            history.done(10 + number, 6, RegisterOp::Write(value), RegisterRet::Done, end);
            history.done(40 + number, 6, RegisterOp::Read, RegisterRet::Value(Some(value)), 100 + end);
        }
        history.done(2, 50, RegisterOp::Write(99), RegisterRet::Done, 51);
        history.done(1, again, RegisterOp::Read, RegisterRet::Value(Some(7)), again + 1);
        history
    };
    assert!(!is_broken(&Register, &log(45)));
    assert!(is_broken(&Register, &log(60)), "99 was written in between, and 7 only once");
}

/// The same where so many other reads come first that nobody looks as far ahead as to the one
/// that nothing explains: without that rule the search tries the writes in between in every
/// order before it gets there.
#[test]
fn a_value_that_is_read_again_much_later_is_not_left_either() {
    let log = |again: u64| {
        let mut history = History::new();
        history.done(0, 3, RegisterOp::Write(7), RegisterRet::Done, 290);
        history.done(1, 4, RegisterOp::Read, RegisterRet::Value(Some(7)), 5);
        for number in 0..24 {
            let (value, end) = (100 + number as i64, 300 + number as u64);
            history.done(10 + number, 6, RegisterOp::Write(value), RegisterRet::Done, end);
            history.done(40 + number, 6, RegisterOp::Read, RegisterRet::Value(Some(value)), 100 + end);
        }
        history.done(2, 50, RegisterOp::Write(99), RegisterRet::Done, 51);
        for number in 0..8 {
            let at = 52 + 2 * number as u64;
            history.done(3, at, RegisterOp::Read, RegisterRet::Value(Some(100 + number)), at + 1);
        }
        history.done(1, again, RegisterOp::Read, RegisterRet::Value(Some(7)), again + 1);
        history
    };
    assert!(!is_broken(&Register, &log(45)));
    assert!(is_broken(&Register, &log(80)), "99 was written in between, and 7 only once");
}

/// An equal operation that was called after a kill cannot stand before what was killed.
#[test]
fn a_kill_keeps_twins_apart() {
    for returns in [true, false] {
        let mut history = History::new();
        // Only the first write can be what the killed one swapped, and what was read then.
        let first = history.call(0, RegisterOp::Write(1), 1);
        if returns {
            history.returned(first, RegisterRet::Done, 100);
        }
        let killed = history.call(1, RegisterOp::Cas(1, 2), 2);
        history.killed(killed, 5);
        history.done(2, 3, RegisterOp::Read, RegisterRet::Value(Some(2)), 20);
        history.done(3, 10, RegisterOp::Write(1), RegisterRet::Done, 50);
        history.done(2, 60, RegisterOp::Read, RegisterRet::Value(Some(1)), 70);
        assert!(!is_broken(&Register, &history), "the first write returns: {returns}");
    }
}
