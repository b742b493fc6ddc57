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
use super::needed::{Placed, needed};
use super::options::Crash;
use super::part::{NEVER, Part};
use super::rules::Rules;
use super::wgl::{self, Outcome};
use rustc_hash::FxHashMap;

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
    let outcome = match wgl::search(model, &whole, rules, limit)? {
        Outcome::Placed(order) => {
            debug_assert!(explains(model, &whole, &order), "the order found explains nothing");
            return Ok(None);
        }
        outcome => outcome,
    };
    let mut bounds = Bounds { from: 0, order: Vec::new(), to: whole.done as u32 - 1, step: 1, firm: false };
    bounds.narrow(bounds.to, &whole, outcome);
    // The verdict stands, even if there is no time to find out more.
    let known = bounds.close(model, members, &whole, (crash, rules), limit);
    let operation = known.ok().map(|()| whole.calls[bounds.from as usize].0);
    Ok(Some(Stuck { partition: None, prefix: bounds.prefix(model, &whole), operation }))
}

/// Between which returns the longest prefix ends.
struct Bounds {
    /// What returned before this entry can be explained ..
    from: u32,
    /// .. by this order, in numbers of the history.
    order: Vec<usize>,
    /// What returned by the return of this entry cannot.
    to: u32,
    /// How far beyond `from` is looked next: most ends are near.
    step: u32,
    /// Nothing explains `to`, whatever comes before: the end is there, more likely than not.
    firm: bool,
}

impl Bounds {
    /// What the search of `part`, all that returned by entry `until`, tells of them.
    fn narrow<O, R>(&mut self, until: u32, part: &Part<'_, O, R>, outcome: Outcome) {
        let (from, order) = match outcome {
            // Those that returned at the same time were explained as well.
            Outcome::Placed(order) => {
                self.step *= 2;
                (part.done as u32, order)
            }
            Outcome::Stuck(order, entry) => {
                (self.to, self.step, self.firm) = (until, 1, false);
                (entry, order)
            }
            Outcome::Impossible(entry) => {
                (self.to, self.step, self.firm) = (until.min(entry), 1, true);
                return;
            }
        };
        if from > self.from {
            (self.from, self.order) = (from, part.numbers(&order));
        }
    }

    /// The order without what the search tried beyond the end of the prefix, or in vain.
    fn prefix<M: Model>(self, model: &M, whole: &Part<'_, M::Op, M::Ret>) -> Vec<usize> {
        let calls = whole.calls.iter().zip(0..).map(|(&(number, call), entry)| (number, (call, entry)));
        let calls: FxHashMap<usize, _> = calls.collect();
        let mut order: Vec<Placed<'_, M>> =
            self.order.iter().map(|number| (*number, calls[number].0, calls[number].1 < self.from)).collect();
        let last = order.iter().rposition(|&(_, _, ended)| ended);
        order.truncate(last.map_or(0, |last| last + 1));
        needed(model, order).into_iter().map(|(number, _, _)| number).collect()
    }

    /// Narrows them until they meet.
    fn close<M: Model>(
        &mut self,
        model: &M,
        members: &Members<'_, M>,
        whole: &Part<'_, M::Op, M::Ret>,
        (crash, rules): (Crash, Rules),
        limit: &mut Limit,
    ) -> Result<(), Why> {
        while self.from < self.to {
            let distance = self.to - self.from;
            let ahead = match self.firm {
                true => distance - 1,
                false if self.step < distance => self.step - 1,
                false => distance / 2,
            };
            let until = self.from + ahead;
            let part = Part::new(members, whole.ends[until as usize], crash, limit)?;
            let outcome = wgl::search(model, &part, rules, limit)?;
            self.narrow(until, &part, outcome);
        }
        Ok(())
    }
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
