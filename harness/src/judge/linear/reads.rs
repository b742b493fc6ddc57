//! The operations that only read, which are still to come, and what they rule out.
//!
//! Used by `wgl`. Where a model says so, a configuration is given up before the search
//! comes to a read that nothing can explain any more, and states that no read to come can
//! tell apart become one.
//!
//! 1. `next[r]` is the first read from return `r` on.
//! 2. A state is forgotten at `low` iff `known[state] <= low`: every read from there on
//!    has forgotten it.
//! 3. An operation of class `c` is shown by no read to come at `low` iff `shown[c] <= low`.
//! 4. `idol` is the state that was forgotten earliest of all; it stands for those that
//!    are forgotten where it is.

use super::judgement::Why;
use super::limit::Limit;
use super::model::Model;
use super::part::Part;
use super::rules::{Rule, Rules};
use super::states::States;

/// So many reads are looked at ahead of a configuration, each of them closely ..
const NEAR: usize = 4;

/// .. and so many if they have forgotten the state: nothing but what replaces all of it can
/// still explain them, and it is used up soon.
const AHEAD: usize = 64;

/// A history with more operations is long.
const LONG: usize = 4096;

pub(super) struct Reads {
    rules: Rules,
    next: Vec<u32>,
    known: Vec<u32>,
    idol: Option<u32>,
    shown: Vec<Option<u32>>,
}

impl Reads {
    pub(super) fn new<M: Model>(
        part: &Part<'_, M::Op, M::Ret>,
        states: &States<'_, M>,
        classes: &[u32],
        rules: Rules,
    ) -> Reads {
        let mut next = vec![part.done as u32; part.done + 1];
        for entry in (0..part.done).rev() {
            next[entry] = if states.reads(classes[entry]) { entry as u32 } else { next[entry + 1] };
        }
        let shown = vec![None; classes.iter().max().map_or(0, |&most| most as usize + 1)];
        Reads { rules, next, known: Vec::new(), idol: None, shown }
    }

    /// The state that stands for `state` where everything that returned before `low` is
    /// placed.
    pub(super) fn canonical<M: Model>(
        &mut self,
        states: &States<'_, M>,
        classes: &[u32],
        low: u32,
        state: u32,
    ) -> u32 {
        if !M::ONLY_READS_TELL {
            return state;
        }
        for new in self.known.len() as u32..=state {
            let told = (0..self.next.len() as u32 - 1).rev().find(|&entry| {
                self.next[entry as usize] == entry && !states.forgotten(new, classes[entry as usize])
            });
            let known = told.map_or(0, |entry| entry + 1);
            self.known.push(known);
            if self.idol.is_none_or(|idol| known < self.known[idol as usize]) {
                self.idol = Some(new);
            }
        }
        match self.idol.filter(|_| self.rules.has(Rule::Forgotten)) {
            Some(idol) if self.known[state as usize].max(self.known[idol as usize]) <= low => idol,
            _ => state,
        }
    }

    /// Whether an operation of `class` leaves no trace where everything that returned before
    /// `low` is placed: the state, a canonical one, is forgotten, and no read to come shows
    /// the operation. Wherever it stands later, no read follows before all is replaced: so
    /// it can as well stand here, where what it does is never read either.
    pub(super) fn is_traceless<M: Model>(
        &mut self,
        states: &States<'_, M>,
        classes: &[u32],
        (low, state): (u32, u32),
        class: u32,
    ) -> bool {
        if !M::ONLY_READS_TELL || !self.rules.has(Rule::Traceless) || self.known[state as usize] > low {
            return false;
        }
        let next = &self.next;
        let shown = *self.shown[class as usize].get_or_insert_with(|| {
            let told = (0..next.len() as u32 - 1)
                .rev()
                .find(|&entry| next[entry as usize] == entry && states.shows(class, classes[entry as usize]));
            told.map_or(0, |entry| entry + 1)
        });
        shown <= low
    }

    /// The first read that nothing explains, whatever comes before it; not asked of long
    /// histories, where it would take longer than the search.
    pub(super) fn impossible<M: Model>(
        &self,
        part: &Part<'_, M::Op, M::Ret>,
        states: &States<'_, M>,
        classes: &[u32],
        init: u32,
        limit: &mut Limit,
    ) -> Result<Option<u32>, Why> {
        if part.calls.len() > LONG || !self.rules.has(Rule::Lost) {
            return Ok(None);
        }
        let placed = vec![false; part.calls.len()];
        for read in (0..part.done).filter(|&entry| self.next[entry] as usize == entry) {
            limit.check(part.bytes())?;
            if is_lost(part, states, classes, &placed, (0, init), read) {
                return Ok(Some(read as u32));
            }
        }
        Ok(None)
    }

    /// Whether one of the next reads can never be placed any more.
    pub(super) fn lost<M: Model>(
        &self,
        part: &Part<'_, M::Op, M::Ret>,
        states: &States<'_, M>,
        classes: &[u32],
        placed: &[bool],
        (low, state): (u32, u32),
    ) -> bool {
        if !self.rules.has(Rule::Lost) {
            return false;
        }
        let mut from = low as usize;
        for ahead in 0..if M::ONLY_READS_TELL { AHEAD } else { NEAR } {
            let mut read = self.next[from] as usize;
            while read < part.done && placed[read] {
                read = self.next[read + 1] as usize;
            }
            if read == part.done {
                return false;
            }
            let close = ahead < NEAR || states.forgotten(state, classes[read]);
            if close && is_lost(part, states, classes, placed, (low, state), read) {
                return true;
            }
            from = read + 1;
        }
        false
    }
}

/// Whether a read can never be placed any more, from `state`, where everything that
/// returned before `low` is placed.
pub(super) fn is_lost<M: Model>(
    part: &Part<'_, M::Op, M::Ret>,
    states: &States<'_, M>,
    classes: &[u32],
    placed: &[bool],
    (low, state): (u32, u32),
    read: usize,
) -> bool {
    // What comes before it was called before it returned.
    let pending = part.done as u32..part.done as u32 + part.called[read];
    let mut others = (low..read as u32)
        .chain(part.open(read as u32)[1..].iter().copied())
        .chain(pending)
        .filter(|&other| !placed[other as usize])
        .map(|other| classes[other as usize]);
    states.lost(state, classes[read], &mut others)
}
