//! Linearizability by search: which order of the operations explains their results?
//!
//! Called by `judge` for each part. A configuration is a set of operations that have
//! been placed, one after another, and the state after them. From there, every
//! operation can be placed next that was called before the first return of one that is
//! not placed; if none of them leads to the end, the last one placed was wrong. Sources:
//! Wing and Gong (JPDC 1993) for the search, Lowe (2017) for its cache, see `cache`.
//! What is ours keeps the search from trying every order of what makes no difference, and from
//! going on where there is none: see `rules`, which also says why no order is lost.
//!
//! 1. Everything that returned before `Frame::low` is placed, `low` is not.
//! 2. What is placed from `low` on is open at its return, so that its place in that list
//!    is enough to tell which it is.
//! 3. A pending operation is placed only while no operation is placed that was called
//!    after its end.

use super::best::Best;
use super::cache::Cache;
use super::hidden::{Hidden, Move};
use super::judgement::Why;
use super::limit::Limit;
use super::model::Model;
use super::part::{NEVER, Part};
use super::pending::Pending;
use super::reads::Reads;
use super::rules::{Rule, Rules};
use super::states::States;
use super::stay::{Stay, Turn};
use super::twins::Twins;

/// How a search ended, in entries of its part.
#[derive(Debug)]
pub(super) enum Outcome {
    /// This order explains all that returned.
    Placed(Vec<u32>),
    /// No order explains all that returned; this one explains what returned before the
    /// entry.
    Stuck(Vec<u32>, u32),
    /// Nothing explains what this entry read, whatever comes before it.
    Impossible(u32),
}

/// A configuration whose continuations are being tried.
struct Frame {
    /// The first return that is not placed.
    low: u32,
    state: u32,
    /// The latest call of what is placed.
    latest: u64,
    /// The earliest end of a pending operation that may still be placed.
    deadline: u64,
    /// Continuations that were tried.
    tried: u32,
    /// Only this continuation is tried.
    only: Option<(u32, u32)>,
    /// The state before, if the last operation placed need not have been.
    before: Option<u32>,
    /// What was called by then can be hidden, see `hidden`.
    covered: Option<u64>,
}

struct Search<'h, 'p, M: Model> {
    part: &'p Part<'h, M::Op, M::Ret>,
    rules: Rules,
    states: States<'h, M>,
    classes: Vec<u32>,
    pending: Pending,
    twins: Twins,
    reads: Reads,
    hidden: Hidden,
    stay: Stay,
    cache: Cache,
    placed: Vec<bool>,
    /// All that is placed, in order; what is hidden stands where that was found out.
    order: Vec<Move>,
    frames: Vec<Frame>,
    best: Best<Move>,
    key: Vec<u64>,
    set: Vec<u64>,
}

/// Looks for an order of the operations of `part`.
pub(super) fn search<'h, M: Model>(
    model: &'h M,
    part: &Part<'h, M::Op, M::Ret>,
    rules: Rules,
    limit: &mut Limit,
) -> Result<Outcome, Why> {
    let (mut states, classes) = States::new(model, (0..part.calls.len()).map(|entry| part.asked(entry)));
    let pending = Pending::new(part, &states, &classes, rules);
    let twins = Twins::new(part, &classes, rules);
    let reads = Reads::new(part, &states, &classes, rules);
    let hidden = Hidden::new(part, &states, &classes, rules);
    let stay = Stay::new(part, &states, &classes, rules);
    let init = states.init();
    limit.impatient();
    if let Some(read) = reads.impossible(part, &states, &classes, init, limit)? {
        return Ok(Outcome::Impossible(read));
    }
    let mut search = Search {
        part,
        rules,
        states,
        classes,
        pending,
        twins,
        reads,
        cache: Cache::new(
            1 + part.widest.div_ceil(64),
            part.pending().div_ceil(64) + hidden.words(part),
            rules,
        ),
        hidden,
        stay,
        placed: vec![false; part.calls.len()],
        order: Vec::new(),
        frames: Vec::new(),
        best: Best::default(),
        key: Vec::new(),
        set: Vec::new(),
    };
    limit.impatient();
    if search.run(init, limit)? {
        return Ok(Outcome::Placed(search.hidden.reveal(&search.order)));
    }
    let (entry, order) = search.best.take();
    Ok(Outcome::Stuck(search.hidden.reveal(&order), entry))
}

impl<M: Model> Search<'_, '_, M> {
    fn run(&mut self, init: u32, limit: &mut Limit) -> Result<bool, Why> {
        let root = Frame {
            low: 0,
            state: init,
            latest: 0,
            deadline: NEVER,
            tried: 0,
            only: None,
            before: None,
            covered: None,
        };
        if self.part.done == 0 {
            return Ok(true);
        }
        self.enter(root, init);
        while let Some(&Frame { low: at, latest, state: from, before, covered, .. }) = self.frames.last() {
            limit.check(self.bytes())?;
            if let Some((step, state)) = self.next() {
                let entry = step.entry();
                self.order.push(step);
                self.placed[entry as usize] = true;
                let low = self.advance(at);
                if low as usize == self.part.done {
                    return Ok(true);
                }
                let frame =
                    Frame { low, state, latest, deadline: NEVER, tried: 0, only: None, before, covered };
                let frame = match step {
                    // What is hidden now may need the last one that was placed, which covers it.
                    Move::Hide(_) => Frame { before: None, ..frame },
                    Move::Place(entry) => Frame {
                        latest: latest.max(self.part.at(entry)),
                        before: self.is_needless(entry, covered).then_some(from),
                        covered: self.hidden.covered(self.part, at, entry).or(covered),
                        ..frame
                    },
                };
                if !self.enter(frame, from) {
                    self.take_back();
                }
            } else {
                self.best.note(at, &self.order);
                self.frames.pop();
                self.take_back();
            }
        }
        Ok(false)
    }

    /// The first return from `low` on that is not placed.
    fn advance(&self, mut low: u32) -> u32 {
        while (low as usize) < self.part.done && self.placed[low as usize] {
            low += 1;
        }
        low
    }

    /// Whether the order need not have this entry, or not where it shows.
    fn is_optional(&self, entry: u32, covered: Option<u64>) -> bool {
        entry as usize >= self.part.done || self.hidden.can_hide(self.part, entry, covered)
    }

    /// Whether this entry, as the last one placed, is there only for what follows.
    fn is_needless(&self, entry: u32, covered: Option<u64>) -> bool {
        self.rules.has(Rule::Needless) && self.is_optional(entry, covered)
    }

    /// Whether what the last one placed covers is covered without it, if `entry` comes next.
    fn keeps_cover(&self, entry: u32) -> bool {
        let covers = |step: &Move| self.hidden.replaces(step.entry());
        self.hidden.replaces(entry) || !self.order.last().is_some_and(covers)
    }

    fn take_back(&mut self) {
        if let Some(step) = self.order.pop() {
            self.placed[step.entry() as usize] = false;
            self.best.taken_back(self.order.len());
        }
    }

    /// Begins with a configuration, which came after the state `from`, unless that is no use.
    fn enter(&mut self, mut frame: Frame, from: u32) -> bool {
        frame.state = self.reads.canonical(&self.states, &self.classes, frame.low, frame.state);
        self.key.clear();
        self.key.push(u64::from(frame.low) << 32 | u64::from(frame.state));
        self.key.resize(1 + self.part.widest.div_ceil(64), 0);
        self.set.clear();
        let pending_words = self.part.pending().div_ceil(64);
        self.set.resize(pending_words + self.hidden.words(self.part), 0);
        let mut deadline = NEVER;
        for pending in 0..self.part.pending() {
            let end = self.part.ends[self.part.done + pending];
            if self.placed[self.part.done + pending] || end < frame.latest {
                self.set[pending / 64] |= 1 << (pending % 64);
            } else {
                deadline = deadline.min(end);
            }
        }
        for (place, &entry) in self.part.open(frame.low).iter().enumerate() {
            let class = self.classes[entry as usize];
            let (placed, bit) = (self.placed[entry as usize], 1 << (place % 64));
            // What need not be placed is as good as placed, and better.
            if placed || self.hidden.can_hide(self.part, entry, frame.covered) {
                self.key[1 + place / 64] |= bit;
            }
            if placed {
                if self.hidden.replaces(entry) {
                    self.set[pending_words + place / 64] |= bit;
                }
            } else if frame.only.is_none() && self.part.at(entry) <= deadline {
                let at = (frame.low, frame.state);
                let safe = self.rules.has(Rule::Reads) && self.states.reads(class)
                    || self.reads.is_traceless(&self.states, &self.classes, at, class);
                if safe {
                    frame.only = self.states.step(frame.state, class).map(|state| (entry, state));
                }
            }
        }
        if !self.cache.visit(&self.key, &self.set) {
            return false;
        }
        frame.deadline = deadline;
        let (part, at) = (self.part, (frame.low, frame.state));
        let hopeful = frame.only.is_some() || self.frames.is_empty();
        if !hopeful && self.reads.lost(part, &self.states, &self.classes, &self.placed, at) {
            return false;
        }
        let turn = Turn { low: frame.low, from, state: frame.state, covered: frame.covered };
        let Search { states, classes, placed, hidden, .. } = self;
        if self.stay.is_disturbed(part, states, classes, placed, hidden, turn) {
            return false;
        }
        self.frames.push(frame);
        true
    }

    /// The next continuation of the last configuration, and the state after it.
    fn next(&mut self) -> Option<(Move, u32)> {
        loop {
            let frame = self.frames.last_mut()?;
            let mut place = frame.tried as usize;
            frame.tried += 1;
            if let Some((entry, state)) = frame.only {
                return (place == 0).then_some((Move::Place(entry), state));
            }
            // The search puts off whatever would change the state.
            if self.hidden.can_hide(self.part, frame.low, frame.covered) {
                if place == 0 {
                    return Some((Move::Hide(frame.low), frame.state));
                }
                place -= 1;
            }
            let open = self.part.open(frame.low);
            let pending = place.wrapping_sub(open.len());
            let entry = match open.get(place) {
                Some(&entry) => entry,
                None if pending < self.part.called[frame.low as usize] as usize => {
                    (self.part.done + pending) as u32
                }
                None => return None,
            };
            if self.placed[entry as usize] {
                continue;
            }
            let at = (frame.low, frame.deadline);
            let can_hide = |entry| self.hidden.can_hide(self.part, entry, frame.covered);
            if place < open.len() && self.twins.waits(self.part, &self.placed, at, entry, can_hide) {
                continue;
            }
            let class = self.classes[entry as usize];
            let Frame { state: from, before, covered, .. } = *frame;
            let Some(state) = self.states.step(from, class) else { continue };
            // If what was placed last did nothing for this, it need not have been placed.
            let before = before.filter(|_| self.keeps_cover(entry));
            if before.is_some_and(|before| self.states.step(before, class) == Some(state)) {
                continue;
            }
            let changes = state != from || !self.rules.has(Rule::Changes);
            let needed = match place < open.len() {
                true => changes || !self.is_optional(entry, covered),
                false => self.is_needed(pending, state),
            };
            if needed {
                return Some((Move::Place(entry), state));
            }
        }
    }

    /// Whether a pending entry, which leads to `state`, can be placed now, does anything,
    /// and no weaker one does the same.
    fn is_needed(&mut self, pending: usize, state: u32) -> bool {
        let (part, frame) = (self.part, self.frames.last().expect("somebody asks for it"));
        let free = |entry: usize| !self.placed[entry] && part.ends[entry] >= frame.latest;
        let entry = part.done + pending;
        let called = part.called[frame.low as usize] as usize;
        let replaced = |&other: &u32| {
            let class = self.classes[other as usize];
            !self.placed[other as usize]
                && part.at(other) <= frame.deadline
                && self.states.can_replace(self.classes[entry], class)
                && self.states.step(frame.state, class) == Some(state)
        };
        let (changes, returned) = (self.rules.has(Rule::Changes), self.rules.has(Rule::Returned));
        (state != frame.state || !changes)
            && free(entry)
            && !(returned && part.ends[entry] == NEVER && part.open(frame.low).iter().any(replaced))
            && !self.pending.weaker(pending, called).any(|other| {
                let other = part.done + other;
                let mut same = |class| self.states.step(frame.state, class) == Some(state);
                let in_time = part.ends[other] <= part.ends[entry] && part.at(other as u32) <= frame.deadline;
                free(other) && in_time && same(self.classes[other])
            })
    }

    fn bytes(&self) -> usize {
        let frames = size_of::<Frame>() * self.frames.capacity();
        self.cache.bytes() + self.states.bytes() + self.part.bytes() + frames
    }
}
