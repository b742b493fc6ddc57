//! The longest prefixes that broken histories are reported with.

use selvedge_harness::judge::linear::spec::{Register, RegisterOp, RegisterRet};
use selvedge_harness::judge::linear::{Call, Crash, End, History, Judgement, Model, Options, Stuck, judge};

/// What is wrong with a prefix: it is legal, complete, true to real time, and needs all that had
/// not ended.
pub(crate) fn is_prefix<M: Model>(
    model: &M,
    calls: &[Call<M::Op, M::Ret>],
    stuck: &Stuck,
    crash: Crash,
) -> Result<(), String> {
    let Some(operation) = stuck.operation else { return Ok(()) };
    let End::Returned { at: until, .. } = calls[operation].end else { return Err("it is open".to_owned()) };
    let ended = |number: usize| match calls[number].end {
        End::Returned { at, .. } if at < until => Some(at),
        End::Killed { at } if at < until && crash == Crash::Strict => Some(at),
        _ => None,
    };
    let step = |state: &M::State, number: usize| {
        let call = &calls[number];
        let known = call.ret().filter(|_| ended(number).is_some());
        model.step(state, &call.op, known).or_else(|| model.step(state, &call.op, call.ret()))
    };
    let (mut state, mut latest) = (model.init(), 0);
    let mut missing: Vec<bool> =
        (0..calls.len()).map(|number| ended(number).is_some() && calls[number].ret().is_some()).collect();
    let mut twice = vec![false; calls.len()];
    for &number in &stuck.prefix {
        let call = &calls[number];
        state = step(&state, number).ok_or_else(|| format!("operation {number} is not legal"))?;
        if call.at > until || ended(number).is_some_and(|at| at < latest) || twice[number] {
            return Err(format!("operation {number} does not belong there"));
        }
        latest = latest.max(call.at);
        (missing[number], twice[number]) = (false, true);
    }
    if let Some(number) = missing.iter().position(|&missing| missing) {
        return Err(format!("operation {number} is missing"));
    }
    // What returns at the time that cannot be explained may be there.
    let may_go = |&number: &usize| !matches!(calls[number].end, End::Returned { at, .. } if at <= until);
    if let Some(number) = stuck.prefix.last().filter(|number| may_go(number)) {
        return Err(format!("operation {number} had not ended, and nothing comes after it"));
    }
    for without in stuck.prefix.iter().copied().filter(may_go) {
        let mut rest = stuck.prefix.iter().filter(|&&number| number != without);
        if rest.try_fold(model.init(), |state, &number| step(&state, number)).is_some() {
            return Err(format!("operation {without} is not needed"));
        }
    }
    Ok(())
}

/// The ways in which so many operations can lie in time: when each is called and ends.
fn spans(operations: usize) -> Vec<Vec<(u64, u64)>> {
    fn lay(free: Vec<u64>, done: &mut Vec<(u64, u64)>, all: &mut Vec<Vec<(u64, u64)>>) {
        let Some((&at, ends)) = free.split_first() else {
            all.push(done.clone());
            return;
        };
        for &end in ends {
            done.push((at, end));
            lay(ends.iter().copied().filter(|&time| time != end).collect(), done, all);
            done.pop();
        }
    }
    let mut all = Vec::new();
    lay((1..=2 * operations as u64).collect(), &mut Vec::new(), &mut all);
    all
}

/// Every history of a few operations on a register: a broken one shows what explains the most of
/// it, and nothing beside.
#[test]
fn prefixes_of_all_small_histories_are_as_they_should_be() {
    use {RegisterOp::*, RegisterRet::*};
    let operations = if cfg!(debug_assertions) { 3 } else { 4 };
    let kinds = [
        (Write(1), Done),
        (Write(2), Done),
        (Read, Value(None)),
        (Read, Value(Some(1))),
        (Read, Value(Some(2))),
        (Cas(1, 2), Swapped(true)),
        (Cas(1, 2), Swapped(false)),
    ];
    let options = Options { time: None, monitors: false, ..Options::default() };
    let mut broken = 0;
    for spans in spans(operations) {
        for number in 0..kinds.len().pow(operations as u32) {
            let mut history = History::new();
            for (client, &(at, end)) in spans.iter().enumerate() {
                let (op, ret) = kinds[number / kinds.len().pow(client as u32) % kinds.len()];
                history.done(client, at, op, ret, end);
            }
            if let Judgement::Broken(stuck) = judge(&Register, &history, &options) {
                is_prefix(&Register, history.calls(), &stuck, Crash::Strict)
                    .unwrap_or_else(|wrong| panic!("{wrong} in {stuck:?} of {history:#?}"));
                broken += 1;
            }
        }
    }
    assert!(broken > 1_000, "{broken}");
}
