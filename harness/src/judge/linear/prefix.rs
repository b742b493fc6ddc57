//! The longest prefix of a part that can be explained.
//!
//! Called by `judge`. In a prefix, an operation that returned later has not returned, and
//! nobody knows what it will; so a search of the whole, which does know, may stop before
//! the longest one ends. But every prefix of what is linearizable is linearizable: the
//! end lies between where that search stopped and the whole, and is found by halving.

use super::history::Call;
use super::judgement::{Stuck, Why};
use super::limit::Limit;
use super::model::Model;
use super::options::Crash;
use super::part::{NEVER, Part};
use super::rules::Rules;
use super::wgl::{self, Outcome};

/// Operations with their numbers in the history.
type Members<'h, M> = [(usize, &'h Call<<M as Model>::Op, <M as Model>::Ret>)];

/// Judges one part by search; `None` if there is nothing wrong with it.
pub(super) fn search<M: Model>(
    model: &M,
    members: &Members<'_, M>,
    (crash, rules): (Crash, Rules),
    limit: &mut Limit,
) -> Result<Option<Stuck>, Why> {
    let whole = Part::new(members, NEVER, crash, limit)?;
    let (order, entry) = match wgl::search(model, &whole, rules, limit)? {
        Outcome::Placed(order) => {
            debug_assert!(explains(model, &whole, &order), "the order found explains nothing");
            return Ok(None);
        }
        // The verdict stands, even if there is no time to find out more.
        Outcome::Stuck(order, entry) => match halve(model, members, &whole, entry, (crash, rules), limit) {
            Ok(Some((order, entry))) => (order, Some(entry)),
            Ok(None) => (whole.numbers(&order), Some(entry)),
            Err(_) => (whole.numbers(&order), None),
        },
    };
    let operation = entry.map(|entry| whole.calls[entry as usize].0);
    Ok(Some(Stuck { partition: None, prefix: order, operation }))
}

/// An order that explains the longest prefix, and the entry that ends it; `None` if that
/// is `good`, what returned before which can be explained.
fn halve<M: Model>(
    model: &M,
    members: &Members<'_, M>,
    whole: &Part<'_, M::Op, M::Ret>,
    good: u32,
    (crash, rules): (Crash, Rules),
    limit: &mut Limit,
) -> Result<Option<(Vec<usize>, u32)>, Why> {
    // What returned before `from` can be explained, what returned by `to` cannot. Most
    // ends are near, so the distance is doubled first.
    let (mut from, mut to, mut step) = (good, whole.done as u32 - 1, 1);
    let mut best = None;
    while from < to {
        let middle =
            if best.is_none() || step < to - from { from + step - 1 } else { from + (to - from) / 2 };
        let middle = middle.min(to - 1);
        let part = Part::new(members, whole.ends[middle as usize], crash, limit)?;
        match wgl::search(model, &part, rules, limit)? {
            Outcome::Placed(order) => {
                // Those that returned at the same time were explained as well.
                from = part.done as u32;
                best = Some(part.numbers(&order));
                step *= 2;
            }
            Outcome::Stuck(..) => {
                to = middle;
                step = 1;
            }
        }
    }
    Ok(best.map(|order| (order, from.min(whole.done as u32 - 1))))
}

/// Whether an order is what it should be: legal, complete, and true to real time.
fn explains<M: Model>(model: &M, part: &Part<'_, M::Op, M::Ret>, order: &[u32]) -> bool {
    let mut state = model.init();
    let mut latest = 0;
    let mut placed = vec![false; part.calls.len()];
    for &entry in order {
        let (op, ret) = part.asked(entry as usize);
        let Some(next) = model.step(&state, op, ret) else { return false };
        if part.ends[entry as usize] < latest || std::mem::replace(&mut placed[entry as usize], true) {
            return false;
        }
        state = next;
        latest = latest.max(part.at(entry));
    }
    placed[..part.done].iter().all(|&placed| placed)
}
