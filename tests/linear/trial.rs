//! One history of an object, judged every way there is, beside those who know.
//!
//! Three know: who made the history, if it is sound or broken by the way it was made; who keeps
//! every configuration, see `sweep` and `walk`; and the search itself without one of its rules.

use super::histories::{Shape, damage, simulate};
use super::objects::Object;
use super::oracle;
use super::prefixes::is_prefix;
use super::sweep::{Swept, sweep};
use super::walk::walk;
use selvedge_harness::Rng;
use selvedge_harness::judge::linear::{
    Call, Consistency, Crash, End, History, Judgement, Model, Options, Rule, Rules, judge, judge_by,
};

/// What takes more is not compared.
const MEMORY: usize = if cfg!(debug_assertions) { 1 << 18 } else { 1 << 22 };

const SEARCH: Options = Options {
    consistency: Consistency::Linearizable,
    crash: Crash::Strict,
    time: None,
    memory: MEMORY,
    monitors: false,
};

/// Who is trusted with so many clients: the others take too long.
const SWEPT: usize = 6;
const WALKED: usize = 3;

/// How often which judgement was compared with that of somebody who knows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) held: usize,
    pub(crate) broken: usize,
    /// Judgements without some rule.
    pub(crate) ruled: usize,
    /// Judgements that took too much memory.
    pub(crate) unknown: usize,
}

/// A call of an object, and all calls of a history.
type CallOf<M> = Call<<M as Model>::Op, <M as Model>::Ret>;
type Calls<M> = [CallOf<M>];

/// What a history is by the way it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Sound,
    /// Something in it comes back in no state.
    Nonsense,
    /// Something in its middle is broken, and nothing ran before and after.
    BrokenWithin,
    /// Nobody knows.
    Damaged,
}

/// Makes the history of `seed` and judges it; panics if somebody who knows does not agree.
pub(crate) fn trial<M: Object>(object: &M, seed: u64, shape: Shape, seen: &mut Seen) {
    let mut rng = Rng::new(seed);
    let (calls, made) = make(object, &mut rng, shape);
    let rule = Rule::ALL[rng.below(Rule::ALL.len() as u32) as usize];
    let rules = if rng.below(4) == 0 { Rules::NONE } else { Rules::ALL.without(rule) };
    let said = |what: &str| format!("seed {seed}, {made:?}, {what}, {rules:?}");
    for crash in [Crash::Strict, Crash::Durable] {
        let options = Options { crash, ..SEARCH };
        let judged = judge(object, &history(&calls), &options);
        note(&judged, seen);
        let known = match made {
            Made::Sound => Some(true),
            Made::Nonsense => Some(false),
            Made::BrokenWithin if crash == Crash::Strict => Some(false),
            Made::BrokenWithin | Made::Damaged => None,
        };
        for rules in [Rules::ALL, rules].into_iter().filter(|_| shape.clients <= SWEPT) {
            if let Some(wrong) = disagreement(object, &calls, crash, rules) {
                let small = smallest(&calls, |calls| disagreement(object, calls, crash, rules).is_some());
                panic!("{}: {wrong}\n{small:#?}", said(&format!("{crash:?}")));
            }
        }
        if let (Some(known), Some(held)) = (known, verdict(&judged)) {
            assert_eq!(held, known, "{}: {judged:?}", said(&format!("{crash:?}")));
        }
        if let Judgement::Broken(stuck) = &judged {
            is_prefix(object, &calls, stuck, crash).unwrap_or_else(|wrong| {
                panic!("{}: {wrong} in {stuck:?}", said(&format!("{crash:?}")));
            });
        }
        let other = judge_by(object, &history(&calls), &Options { memory: MEMORY / 4, ..options }, rules);
        if let (Some(a), Some(b)) = (end(&calls, &judged), end(&calls, &other)) {
            seen.ruled += 1;
            if a != b {
                let differ = |calls: &Calls<M>| {
                    let judged = |rules| end(calls, &judge_by(object, &history(calls), &options, rules));
                    judged(Rules::ALL) != judged(rules)
                };
                let small = smallest(&calls, differ);
                panic!("{}: {a:?}, without {b:?}\n{small:#?}", said(&format!("{crash:?}")));
            }
        }
        let watched = judge(object, &history(&calls), &Options { monitors: true, ..options });
        if let (Some(a), Some(b)) = (verdict(&judged), verdict(&watched)) {
            assert_eq!(a, b, "{}: by a monitor", said(&format!("{crash:?}")));
        }
    }
    in_no_time(object, &calls, made, shape, seen, &said("sequential"));
}

/// Makes a sound history of `seed` and judges it once: so many more of them can be.
pub(crate) fn sound<M: Object>(object: &M, seed: u64, shape: Shape) {
    let mut rng = Rng::new(seed);
    let answer = |state: &M::State, op: &M::Op| object.answer(state, op);
    let calls = simulate(object, &mut rng, shape, |rng| object.draw(rng), answer);
    let judged = judge(object, &history(&calls), &Options { memory: MEMORY / 4, ..SEARCH });
    assert_ne!(verdict(&judged), Some(false), "seed {seed}: {judged:?}");
}

/// The same where real time does not matter.
fn in_no_time<M: Object>(
    object: &M,
    calls: &Calls<M>,
    made: Made,
    shape: Shape,
    seen: &mut Seen,
    said: &str,
) {
    let options = Options { consistency: Consistency::Sequential, memory: MEMORY / 4, ..SEARCH };
    // What the clients could have done in which order takes longest to find out.
    if calls.len() > 400 {
        return;
    }
    let judged = judge(object, &history(calls), &options);
    note(&judged, seen);
    let known = match made {
        Made::Sound => Some(true),
        Made::Nonsense => Some(false),
        _ if shape.clients <= WALKED => walk(object, calls),
        _ => None,
    };
    if let (Some(known), Some(held)) = (known, verdict(&judged)) {
        assert_eq!(held, known, "{said}: {judged:?}");
    }
}

fn note(judged: &Judgement, seen: &mut Seen) {
    *match judged {
        Judgement::Holds => &mut seen.held,
        Judgement::Broken(_) => &mut seen.broken,
        Judgement::Inconclusive(_) => &mut seen.unknown,
    } += 1;
}

fn history<O: Clone, R: Clone>(calls: &[Call<O, R>]) -> History<O, R> {
    calls.iter().cloned().collect()
}

fn verdict(judged: &Judgement) -> Option<bool> {
    match judged {
        Judgement::Holds => Some(true),
        Judgement::Broken(_) => Some(false),
        Judgement::Inconclusive(_) => None,
    }
}

/// The time up to which everything can be explained, if that is not the end of it all. Which of
/// several operations that return then cannot be explained is nobody's promise.
fn end<O, R>(calls: &[Call<O, R>], judged: &Judgement) -> Option<Option<u64>> {
    match judged {
        Judgement::Holds => Some(None),
        Judgement::Broken(stuck) => match calls[stuck.operation?].end {
            End::Returned { at, .. } => Some(Some(at)),
            End::Killed { .. } | End::Open => panic!("only what returned needs to be explained"),
        },
        Judgement::Inconclusive(_) => None,
    }
}

/// What a sweep says against the judgement, if anything.
fn disagreement<M: Model>(object: &M, calls: &Calls<M>, crash: Crash, rules: Rules) -> Option<String> {
    let judged = judge_by(object, &history(calls), &Options { crash, memory: MEMORY / 4, ..SEARCH }, rules);
    let known = match sweep(object, object.init(), calls, crash) {
        Swept::Holds(_) => None,
        Swept::Broken(at) => Some(at),
        Swept::Unknown => return None,
    };
    let end = end(calls, &judged)?;
    (end != known).then(|| format!("{judged:?}, but it is explained up to {known:?}"))
}

/// A history that fails as well, from which nothing can be taken any more.
fn smallest<O: Clone, R: Clone>(
    calls: &[Call<O, R>],
    fails: impl Fn(&[Call<O, R>]) -> bool,
) -> Vec<Call<O, R>> {
    let mut calls = calls.to_vec();
    let mut size = calls.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < calls.len() {
            let mut fewer = calls.clone();
            fewer.drain(at..(at + size).min(calls.len()));
            if fails(&fewer) {
                calls = fewer;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    calls
}

fn make<M: Object>(object: &M, rng: &mut Rng, shape: Shape) -> (Vec<CallOf<M>>, Made) {
    let sound = |object: &From<'_, M>, rng: &mut Rng, shape: Shape| {
        simulate(object, rng, shape, |rng| object.0.draw(rng), |state, op| object.0.answer(state, op))
    };
    let whole = From(object, object.init());
    let mut calls = sound(&whole, rng, shape);
    match rng.below(6) {
        0 | 1 => (calls, Made::Sound),
        2 => {
            let number = rng.below(calls.len() as u32) as usize;
            let op = calls[number].op.clone();
            match (object.nonsense(&op), &mut calls[number].end) {
                (Some(nonsense), End::Returned { ret, .. }) => {
                    *ret = nonsense;
                    (calls, Made::Nonsense)
                }
                _ => (calls, Made::Sound),
            }
        }
        3 if shape.clients <= SWEPT => {
            // What is open may still do something; what was killed cannot.
            let calls = sound(&whole, rng, Shape { operations: shape.operations / 2, open: 0, ..shape });
            broken_within(object, rng, shape, calls)
        }
        _ => {
            for _ in 0..1 + rng.below(2) {
                damage(&mut calls, rng, |rng, op| object.other(rng, op));
            }
            (calls, Made::Damaged)
        }
    }
}

/// Goes on with something broken, known to be by somebody who tries every order from every state
/// that may be there, and with something sound.
fn broken_within<M: Object>(
    object: &M,
    rng: &mut Rng,
    shape: Shape,
    mut calls: Vec<CallOf<M>>,
) -> (Vec<CallOf<M>>, Made) {
    let any_open = calls.iter().any(|call| call.end == End::Open);
    let Swept::Holds(states) = sweep(object, object.init(), &calls, Crash::Strict) else {
        return (calls, Made::Sound);
    };
    let small = Shape { operations: 2 + rng.below(4) as usize, clients: 3, open: 20, killed: 20 };
    for _ in 0..20 {
        let from = From(object, states.iter().next().expect("there is some state").clone());
        let answer = |state: &M::State, op: &M::Op| object.answer(state, op);
        let mut piece = simulate(&from, rng, small, |rng| object.draw(rng), answer);
        damage(&mut piece, rng, |rng, op| object.other(rng, op));
        let (consistency, crash) = (Consistency::Linearizable, Crash::Strict);
        let broken =
            |state: &M::State| !oracle::holds(&From(object, state.clone()), &piece, consistency, crash);
        if !any_open && states.iter().all(broken) {
            follow(&mut calls, piece);
            let rest = Shape { operations: shape.operations / 2, ..shape };
            follow(&mut calls, simulate(&from, rng, rest, |rng| object.draw(rng), answer));
            return (calls, Made::BrokenWithin);
        }
    }
    (calls, Made::Sound)
}

/// Puts a history behind another one: other clients, all of them later.
fn follow<O, R>(calls: &mut Vec<Call<O, R>>, more: Vec<Call<O, R>>) {
    let last = |call: &Call<O, R>| match call.end {
        End::Returned { at, .. } | End::Killed { at } => at,
        End::Open => call.at,
    };
    let after = 1 + calls.iter().map(last).max().unwrap_or(0);
    let clients = 1 + calls.iter().map(|call| call.client).max().unwrap_or(0);
    calls.extend(more.into_iter().map(|mut call| {
        call.client += clients;
        call.at += after;
        if let End::Returned { at, .. } | End::Killed { at } = &mut call.end {
            *at += after;
        }
        call
    }));
}

/// An object that begins in some other state.
struct From<'a, M: Model>(&'a M, M::State);

impl<M: Model> Model for From<'_, M> {
    type Op = M::Op;
    type Ret = M::Ret;
    type State = M::State;

    fn init(&self) -> M::State {
        self.1.clone()
    }
    fn step(&self, state: &M::State, op: &M::Op, ret: Option<&M::Ret>) -> Option<M::State> {
        self.0.step(state, op, ret)
    }
}
