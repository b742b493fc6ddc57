//! What happened at one step, as the running task writes it down.
//!
//! Written only while a plan asks for a record: a finding is run again from its
//! schedule to get its events, so searching does not pay for them.

use super::choice::Choice;
use selvedge::platform::{Effect, Guard, Kind};
use std::panic::Location;

/// One step of a recorded execution.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Event {
    pub(crate) choice: Choice,
    pub(crate) kind: Kind,
    /// The value has been written: the operation came to its end.
    pub(crate) done: bool,
    /// It was refused.
    pub(crate) refused: bool,
    /// Address space of the objects.
    pub(crate) space: u32,
    pub(crate) name: &'static str,
    pub(crate) object: usize,
    pub(crate) also: usize,
    pub(crate) site: &'static Location<'static>,
    /// It was called in the library, on behalf of that line.
    pub(crate) inside: bool,
    pub(crate) value: u64,
    /// The part of its object that it was about.
    pub(crate) part: Option<u64>,
    /// When it could run.
    pub(crate) guard: Guard,
    /// What lay at its objects before the step, where they lie in the arena.
    pub(crate) before: [Option<u64>; 4],
    /// The words that only guards look at, as it changed them: where, and what was there
    /// before. At most two; [`EVERYTHING`] stands for more.
    pub(crate) shown: [(usize, u32); 2],
    /// Where it changes its object.
    pub(crate) effect: Effect,
    /// The step that woke or started the task, so that this one could follow.
    pub(crate) cause: Option<u32>,
    /// The objects of the operation of which it is the rest, after a sleep.
    pub(crate) within: [usize; 2],
    /// The objects that the task slept on until it was woken.
    pub(crate) slept: [usize; 2],
    /// Time passed before this step could be: it follows so many first steps.
    pub(crate) since: u32,
    /// Of a thread: the `ended` word of its process, which ends it; else 0.
    pub(crate) lives_by: usize,
    pub(crate) tail: Tail,
}

impl Event {
    /// The objects of its operation, and of that of which it is the rest; 0 for none.
    pub(crate) fn objects(&self) -> [usize; 4] {
        [self.object, self.also, self.within[0], self.within[1]]
    }
}

/// What a step did besides its operation, up to the next point: known when it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Tail {
    /// It ended the task with this `ended` word; 0 if none, [`EVERYTHING`] if several, or if
    /// it went on to what destructors did as it unwound.
    pub(crate) ends: usize,
    /// The locks that it gave back because the task that had them ended: where, and what was
    /// there before.
    pub(crate) frees: [(usize, u32); 2],
    /// It looked at this word where a destructor had to look whether it must wait; 0 and several
    /// as above.
    pub(crate) peeks: usize,
}

/// The step commutes with nothing.
pub(crate) const EVERYTHING: usize = usize::MAX;

impl Tail {
    /// Adds a word to one of the two.
    pub(in crate::kernel) fn add(place: &mut usize, word: usize) {
        *place = if *place == 0 || *place == word { word } else { EVERYTHING };
    }

    /// A lock was given back that held `before`; where there are more than two, the step commutes
    /// with nothing.
    pub(in crate::kernel) fn free(&mut self, word: usize, before: u32) {
        match self.frees.iter_mut().find(|(other, _)| [0, word].contains(other)) {
            Some(place) if place.0 == word => {}
            Some(place) => *place = (word, before),
            None => self.ends = EVERYTHING,
        }
    }
}
