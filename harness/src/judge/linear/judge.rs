//! From a history to a judgement: each part by its monitor or by search.
//!
//! Called by the command, by programs that record histories, and by users.

use super::history::{Call, End, History};
use super::judgement::{Judgement, Stuck, Why};
use super::limit::Limit;
use super::model::Model;
use super::options::{Consistency, Crash, Options};
use super::prefix::search;
use super::rules::Rules;
use super::{partition, sequential};

/// Judges a history: is there an order of its operations that the model allows, in which
/// each takes effect between its call and its end?
///
/// ```
/// use selvedge_harness::judge::linear::spec::{Register, RegisterOp::*, RegisterRet::*};
/// use selvedge_harness::judge::linear::{History, Judgement, Options, explain, judge};
///
/// let mut history = History::new();
/// history.done(0, 1, Write(3), Done, 2);
/// history.done(1, 3, Read, Value(None), 4);
/// let Judgement::Broken(stuck) = judge(&Register, &history, &Options::default()) else { panic!() };
/// assert_eq!(stuck.operation, Some(1));
/// let text = explain(&Register, &history, &stuck, &|client| format!("client {client}"));
/// assert!(text.contains("read -> nil"), "{text}");
/// ```
pub fn judge<M: Model>(model: &M, history: &History<M::Op, M::Ret>, options: &Options) -> Judgement {
    judge_by(model, history, options, Rules::ALL)
}

/// [`judge`], where the searches for linearizability go by some rules only: a test of the rules.
#[doc(hidden)]
pub fn judge_by<M: Model>(
    model: &M,
    history: &History<M::Op, M::Ret>,
    options: &Options,
    rules: Rules,
) -> Judgement {
    let mut limit = Limit::new(options);
    let judged = match options.consistency {
        Consistency::Linearizable => linearizable(model, history.calls(), options, rules, &mut limit),
        Consistency::Sequential => sequentially(model, history.calls(), &mut limit),
    };
    judged.unwrap_or_else(Judgement::Inconclusive)
}

/// Judges each part by itself: a history is linearizable iff all its parts are.
fn linearizable<M: Model>(
    model: &M,
    calls: &[Call<M::Op, M::Ret>],
    options: &Options,
    rules: Rules,
    limit: &mut Limit,
) -> Result<Judgement, Why> {
    let all: Vec<&Call<M::Op, M::Ret>> = calls.iter().collect();
    if options.monitors && monitored(model, &all, options.crash) == Some(true) {
        return Ok(Judgement::Holds);
    }
    let mut undecided = None;
    for (name, numbers) in partition::split(model, calls) {
        let members: Vec<&Call<M::Op, M::Ret>> = numbers.iter().map(|&number| &calls[number]).collect();
        let watched = if options.monitors { monitored(model, &members, options.crash) } else { None };
        if watched == Some(true) {
            continue;
        }
        let members: Vec<_> = numbers.into_iter().zip(members).collect();
        let mut brief = limit.brief();
        // Where the monitor knows the verdict, the search only looks for the place.
        let limit = if watched.is_none() { &mut *limit } else { &mut brief };
        match search(model, &members, (options.crash, rules), limit) {
            Ok(None) => debug_assert!(watched.is_none(), "a monitor refuses what a search explains"),
            Ok(Some(stuck)) => return Ok(Judgement::Broken(Stuck { partition: name, ..stuck })),
            // The monitor knows, although the search could not find out where.
            Err(_) if watched == Some(false) => {
                return Ok(Judgement::Broken(Stuck { partition: name, prefix: Vec::new(), operation: None }));
            }
            Err(why) => undecided = undecided.or(Some(why)),
        }
    }
    Ok(undecided.map_or(Judgement::Holds, Judgement::Inconclusive))
}

/// Asks the model's monitor, which knows nothing of kills.
fn monitored<M: Model>(model: &M, members: &[&Call<M::Op, M::Ret>], crash: Crash) -> Option<bool> {
    let killed = |call: &&Call<M::Op, M::Ret>| matches!(call.end, End::Killed { .. });
    if crash == Crash::Strict && members.iter().any(killed) { None } else { model.monitor(members) }
}

fn sequentially<M: Model>(
    model: &M,
    calls: &[Call<M::Op, M::Ret>],
    limit: &mut Limit,
) -> Result<Judgement, Why> {
    let parts = partition::numbered(model, calls);
    let stuck = sequential::search(model, calls, parts, limit)?;
    Ok(stuck.map_or(Judgement::Holds, Judgement::Broken))
}
