//! The near-linear monitors, beside the search.

use super::histories::{Shape, simulate};
use selvedge_harness::Rng;
use selvedge_harness::judge::linear::spec::{
    PoolOp, PoolRet, PriorityQueue, Queue, Register, RegisterOp, RegisterRet, Set, SetOp, Stack,
};
use selvedge_harness::judge::linear::{
    Call, Consistency, Crash, End, History, Judgement, Model, Options, judge,
};

/// Histories of each kind in the short run that every build does.
const FEW: usize = 4_000;

/// And in the long one, without debug assertions.
const MANY: usize = 100_000;

const SEARCH: Options = Options {
    consistency: Consistency::Linearizable,
    crash: Crash::Strict,
    time: None,
    memory: 1 << 28,
    monitors: false,
};

/// Asks both about histories that `draw` makes; most of them the monitor must know.
fn cross_check<M: Model>(
    model: &M,
    histories: usize,
    seed: u64,
    mut draw: impl FnMut(&mut Rng) -> Vec<Call<M::Op, M::Ret>>,
) {
    let mut rng = Rng::new(seed);
    let (mut known, mut held) = (0, 0);
    for _ in 0..histories {
        let calls = draw(&mut rng);
        let members: Vec<&Call<M::Op, M::Ret>> = calls.iter().collect();
        let Some(watched) = model.monitor(&members) else { continue };
        let history: History<M::Op, M::Ret> = calls.iter().cloned().collect();
        let searched = judge(model, &history, &SEARCH);
        assert_eq!(watched, searched == Judgement::Holds, "{searched:?}: {calls:#?}");
        known += 1;
        held += usize::from(watched);
    }
    assert!(known > histories / 2, "{known} of {histories} known");
    assert!(held > histories / 20 && known - held > histories / 20, "{held} of {known} hold");
}

/// A time span within the first `length` times, mostly short.
fn span(rng: &mut Rng, length: u32) -> (u64, u64) {
    let from = rng.below(length);
    let short = 1 + rng.below(length.div_ceil(2));
    (from.into(), (from + rng.below(short)).into())
}

fn call<O, R>(client: usize, op: O, (at, end): (u64, u64), ret: R) -> Call<O, R> {
    Call { client, op, at, end: End::Returned { at: end, ret } }
}

/// Puts and takes at any times: most of it nonsense, but not too much.
fn any_pool(rng: &mut Rng) -> Vec<Call<PoolOp, PoolRet>> {
    let length = 4 + rng.below(20);
    let mut calls = Vec::new();
    for value in 0..1 + i64::from(rng.below(5)) {
        let put = span(rng, length);
        let mut take = span(rng, length);
        if rng.below(8) > 0 && take.1 < put.0 {
            take = (put.0, put.0.max(take.1 + u64::from(rng.below(4))));
        }
        calls.push(call(calls.len(), PoolOp::Put(value), put, PoolRet::Done));
        if rng.below(6) > 0 {
            calls.push(call(calls.len(), PoolOp::Take, take, PoolRet::Took(Some(value))));
        }
    }
    for _ in 0..rng.below(3) {
        calls.push(call(calls.len(), PoolOp::Take, span(rng, length), PoolRet::Took(None)));
    }
    leave_open(rng, &mut calls);
    calls
}

/// Few times and long takes, so that a take must often wait for that of a smaller value.
fn crowded_pool(rng: &mut Rng) -> Vec<Call<PoolOp, PoolRet>> {
    let mut calls = Vec::new();
    for value in 0..3 + i64::from(rng.below(3)) {
        let put = span(rng, 5);
        let take = (put.0 + u64::from(rng.below(5)), 10 - u64::from(rng.below(5)));
        let take = (take.0.min(take.1), take.1);
        calls.push(call(calls.len(), PoolOp::Put(value), put, PoolRet::Done));
        calls.push(call(calls.len(), PoolOp::Take, take, PoolRet::Took(Some(value))));
    }
    if rng.below(2) == 0 {
        calls.push(call(calls.len(), PoolOp::Take, span(rng, 10), PoolRet::Took(None)));
    }
    calls
}

/// One of both.
fn some_pool(rng: &mut Rng) -> Vec<Call<PoolOp, PoolRet>> {
    if rng.below(2) == 0 { any_pool(rng) } else { crowded_pool(rng) }
}

/// Some operations never return.
fn leave_open<O, R>(rng: &mut Rng, calls: &mut [Call<O, R>]) {
    for call in calls {
        if rng.below(16) == 0 {
            call.end = End::Open;
        }
    }
}

/// What a sound collection gives, with two answers exchanged in half of the cases.
fn sound_pool<M: Model<Op = PoolOp, Ret = PoolRet>>(
    model: &M,
    rng: &mut Rng,
    operations: usize,
    first: fn(&M::State) -> Option<i64>,
) -> Vec<Call<PoolOp, PoolRet>> {
    let shape = Shape { operations, clients: 3, open: 2, killed: 0 };
    let mut next = 0;
    let mut draw = |rng: &mut Rng| {
        next += 1;
        // Not in their order, which a priority queue would not mind.
        if rng.below(2) == 0 { PoolOp::Put((next * 7919) % 10_007) } else { PoolOp::Take }
    };
    let answer = |state: &M::State, op: &PoolOp| match op {
        PoolOp::Put(_) => Some(PoolRet::Done),
        PoolOp::Take => Some(PoolRet::Took(first(state))),
    };
    let mut calls = simulate(model, rng, shape, &mut draw, answer);
    let takes: Vec<usize> =
        (0..calls.len()).filter(|&n| matches!(calls[n].ret(), Some(PoolRet::Took(_)))).collect();
    if rng.below(2) == 0 && takes.len() > 1 {
        let (a, b) =
            (takes[rng.below(takes.len() as u32) as usize], takes[rng.below(takes.len() as u32) as usize]);
        let (Some(&x), Some(&y)) = (calls[a].ret(), calls[b].ret()) else { unreachable!("both returned") };
        for (number, new) in [(a, y), (b, x)] {
            if let End::Returned { ret, .. } = &mut calls[number].end {
                *ret = new;
            }
        }
    }
    calls
}

/// Writes and reads of a register at any times.
fn any_register(rng: &mut Rng) -> Vec<Call<RegisterOp, RegisterRet>> {
    let length = 4 + rng.below(24);
    let writes = i64::from(rng.below(4));
    let mut calls = Vec::new();
    for value in 0..writes {
        calls.push(call(calls.len(), RegisterOp::Write(value), span(rng, length), RegisterRet::Done));
    }
    for _ in 0..rng.below(5) {
        let value = Some(i64::from(rng.below(writes as u32 + 1))).filter(|value| *value < writes);
        calls.push(call(calls.len(), RegisterOp::Read, span(rng, length), RegisterRet::Value(value)));
    }
    leave_open(rng, &mut calls);
    calls
}

/// Operations on one number of a set at any times.
fn any_set(rng: &mut Rng) -> Vec<Call<SetOp, bool>> {
    let length = 4 + rng.below(24);
    let mut calls = Vec::new();
    for op in [SetOp::Add(1), SetOp::Remove(1)] {
        if rng.below(4) > 0 {
            calls.push(call(calls.len(), op, span(rng, length), true));
        }
    }
    for _ in 0..rng.below(5) {
        let (op, ret) = match rng.below(6) {
            0 => (SetOp::Add(1), false),
            1 => (SetOp::Remove(1), false),
            more => (SetOp::Contains(1), more % 2 == 0),
        };
        calls.push(call(calls.len(), op, span(rng, length), ret));
    }
    leave_open(rng, &mut calls);
    calls
}

macro_rules! cross_checks {
    ($($few:ident, $many:ident: $model:expr, $seed:literal, $draw:expr;)*) => {$(
        #[test]
        fn $few() {
            cross_check(&$model, FEW, $seed, $draw);
        }

        #[test]
        #[cfg_attr(debug_assertions, ignore = "takes a minute without optimisation")]
        fn $many() {
            cross_check(&$model, MANY, $seed + 100, $draw);
        }
    )*};
}

cross_checks! {
    registers_are_judged_as_by_search, many_registers_are: Register, 1, any_register;
    sets_are_judged_as_by_search, many_sets_are: Set, 2, any_set;
    queues_are_judged_as_by_search, many_queues_are: Queue, 3, some_pool;
    stacks_are_judged_as_by_search, many_stacks_are: Stack, 4, some_pool;
    priority_queues_are_judged_as_by_search, many_priority_queues_are: PriorityQueue, 5, some_pool;
}

/// Longer histories, most of them sound; `first` is what a take finds.
fn sound<M: Model<Op = PoolOp, Ret = PoolRet>>(model: &M, seed: u64, first: fn(&M::State) -> Option<i64>) {
    let histories = if cfg!(debug_assertions) { 300 } else { 20_000 };
    cross_check(model, histories, seed, |rng| {
        let operations = 5 + rng.below(20) as usize;
        sound_pool(model, rng, operations, first)
    });
}

#[test]
fn long_histories_are_judged_as_by_search() {
    sound(&Queue, 6, |queue| queue.front().copied());
    sound(&Stack, 7, |stack| stack.last().copied());
    sound(&PriorityQueue, 8, |queue| queue.first().copied());
}

/// A value put twice is none of a monitor's business, and then it is searched.
#[test]
fn what_a_monitor_does_not_know_is_searched() {
    let mut history = History::new();
    for client in 0..2 {
        history.done(client, 1, PoolOp::Put(7), PoolRet::Done, 2);
    }
    let calls: Vec<_> = history.calls().iter().collect();
    assert_eq!(Queue.monitor(&calls), None);
    assert_eq!(judge(&Queue, &history, &Options::default()), Judgement::Holds);
    history.done(0, 3, PoolOp::Take, PoolRet::Took(Some(8)), 4);
    assert!(matches!(judge(&Queue, &history, &Options::default()), Judgement::Broken(_)));
}

/// As many as were put can be taken.
#[test]
fn equal_numbers_are_taken_one_by_one() {
    let mut history = History::new();
    let mut time = 0;
    let mut done = |op, ret| {
        time += 2;
        history.done(0, time, op, ret, time + 1);
        judge(&PriorityQueue, &history, &Options::default()) == Judgement::Holds
    };
    for value in [5, 7, 5] {
        assert!(done(PoolOp::Put(value), PoolRet::Done));
    }
    for least in [5, 5, 7] {
        assert!(done(PoolOp::Take, PoolRet::Took(Some(least))));
    }
    assert!(!done(PoolOp::Take, PoolRet::Took(Some(5))));
}

/// What a monitor refuses is explained by the search: prefix and operation.
#[test]
fn what_a_monitor_refuses_is_explained() {
    let mut history = History::new();
    history.done(0, 1, PoolOp::Put(1), PoolRet::Done, 2);
    history.done(0, 3, PoolOp::Put(2), PoolRet::Done, 4);
    history.done(0, 5, PoolOp::Take, PoolRet::Took(Some(1)), 6);
    let options = Options::default();
    assert_eq!(judge(&Queue, &history, &options), Judgement::Holds);
    let Judgement::Broken(stuck) = judge(&Stack, &history, &options) else { panic!("2 lies above 1") };
    assert_eq!((stuck.operation, stuck.prefix), (Some(2), vec![0, 1]));
}
