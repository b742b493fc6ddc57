//! The states of a model as numbers, and what operations do to them, remembered.
//!
//! Used by the searches, which meet the same states and the same operations again and
//! again: a state is stored once, operations that are equal in arguments and result are
//! one class, and a step that was taken before is looked up.
//!
//! 1. Two numbers are equal iff the states are.
//! 2. Two operations are of one class iff they have equal arguments and both returned
//!    the same or both returned nothing.

use super::model::Model;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// What an operation is called with and what it returned.
pub(super) type Asked<'h, M> = (&'h <M as Model>::Op, Option<&'h <M as Model>::Ret>);

/// Stands for no state.
const ILLEGAL: u32 = u32::MAX;

/// States and classes of one search.
pub(super) struct States<'h, M: Model> {
    model: &'h M,
    numbers: FxHashMap<Rc<M::State>, u32>,
    states: Vec<Rc<M::State>>,
    classes: Vec<Asked<'h, M>>,
    reads: Vec<bool>,
    /// By state and class, the state after.
    steps: FxHashMap<(u32, u32), u32>,
    bytes: usize,
}

impl<'h, M: Model> States<'h, M> {
    /// Those of operations, each with what it returned; the class of each comes with it.
    pub(super) fn new(model: &'h M, asked: impl Iterator<Item = Asked<'h, M>>) -> (States<'h, M>, Vec<u32>) {
        let mut numbers: FxHashMap<Asked<'h, M>, u32> = FxHashMap::default();
        let mut classes = Vec::new();
        let class_of = asked
            .map(|asked| {
                *numbers.entry(asked).or_insert_with(|| {
                    classes.push(asked);
                    classes.len() as u32 - 1
                })
            })
            .collect();
        let reads = classes.iter().map(|(op, ret)| ret.is_some_and(|ret| model.reads(op, ret))).collect();
        let states = States {
            model,
            numbers: FxHashMap::default(),
            states: Vec::new(),
            classes,
            reads,
            steps: FxHashMap::default(),
            bytes: 0,
        };
        (states, class_of)
    }

    /// The state at the beginning.
    pub(super) fn init(&mut self) -> u32 {
        self.number(self.model.init())
    }

    /// The state after an operation of `class`, if it is legal in `state`.
    pub(super) fn step(&mut self, state: u32, class: u32) -> Option<u32> {
        let next = match self.steps.get(&(state, class)) {
            Some(&next) => next,
            None => {
                let (op, ret) = self.classes[class as usize];
                let next = match self.model.step(&self.states[state as usize], op, ret) {
                    Some(next) => self.number(next),
                    None => ILLEGAL,
                };
                self.steps.insert((state, class), next);
                self.bytes += STEP_BYTES;
                next
            }
        };
        (next != ILLEGAL).then_some(next)
    }

    /// Whether operations of this class never change a state.
    pub(super) fn reads(&self, class: u32) -> bool {
        self.reads[class as usize]
    }

    /// Whether operations of this class replace all there was; see [`Model::replaces`].
    pub(super) fn replaces(&self, class: u32) -> bool {
        let (op, ret) = self.classes[class as usize];
        self.model.replaces(op, ret)
    }

    /// Whether operations of this class do all that those of the other can; see
    /// [`Model::covers`].
    pub(super) fn covers(&self, class: u32, other: u32) -> bool {
        self.model.covers(self.classes[class as usize].0, self.classes[other as usize].0)
    }

    /// Whether an operation of this class, which did not return, can stand wherever one of
    /// the other does.
    pub(super) fn can_replace(&self, class: u32, other: u32) -> bool {
        self.classes[class as usize].0 == self.classes[other as usize].0 || self.covers(class, other)
    }

    /// Whether an operation of this class can never be legal any more; see
    /// [`Model::lost`].
    pub(super) fn lost(&self, state: u32, class: u32, others: &mut dyn Iterator<Item = u32>) -> bool {
        let (op, ret) = self.classes[class as usize];
        let mut others = others.map(|class| self.classes[class as usize].0);
        ret.is_some_and(|ret| self.model.lost(&self.states[state as usize], op, ret, &mut others))
    }

    /// Whether no operation of this class can tell this state from another forgotten one;
    /// see [`Model::forgotten`].
    pub(super) fn forgotten(&self, state: u32, class: u32) -> bool {
        let (op, ret) = self.classes[class as usize];
        ret.is_some_and(|ret| self.model.forgotten(&self.states[state as usize], op, ret))
    }

    /// Whether a read of class `read` may show an operation of this class; see
    /// [`Model::shows`].
    pub(super) fn shows(&self, class: u32, read: u32) -> bool {
        let ((op, _), (read, ret)) = (self.classes[class as usize], self.classes[read as usize]);
        ret.is_none_or(|ret| self.model.shows(op, read, ret))
    }

    /// About how many bytes all this takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn number(&mut self, state: M::State) -> u32 {
        if let Some(&number) = self.numbers.get(&state) {
            return number;
        }
        let number = self.states.len() as u32;
        self.bytes += self.model.bytes(&state) + STATE_BYTES;
        let state = Rc::new(state);
        self.states.push(Rc::clone(&state));
        self.numbers.insert(state, number);
        number
    }
}

/// What the tables take for a state and for a step, beside the state itself.
const STATE_BYTES: usize = 48;
const STEP_BYTES: usize = 24;
