//! What a step touches, and which two steps commute.
//!
//! Called by the policy `Awake` at each decision, and by the strategies that reduce by
//! partial orders after an execution. Two steps of different tasks commute if neither
//! touches everything and no word is touched by both of which one may write.
//!
//! A step touches the object of its operation (and a second one), the word that its
//! guard looks at, the `ended` word of a task that it ends, the locks that this one had, and where a destructor had to look
//! whether it must wait. Starting tasks touches their numbering. A thread's step
//! looks at the `ended` word of its process, with which it ends. Where a task slept in the
//! middle of an operation, the rest of it touches the objects of that operation as well.
//!
//! 1. When in doubt, a step writes: more schedules are explored, none is lost. One that was
//!    refused and then changes nothing reads.
//! 2. Addresses are compared within one execution, without their address space: two
//!    processes' own words at one address count as one.
//!
//! When a process dies here, nothing is lost: nothing is kept.

use crate::kernel::data::state::is_address;
use crate::kernel::data::task::Task;
use crate::kernel::platform::stream::is_file;
use crate::kernel::schedule::choice::Outcome;
use crate::kernel::schedule::event::{EVERYTHING, Event, Tail};
use selvedge::platform::{Cmp, Effect, Guard, Kind};
use std::ops::Range;

/// The numbering of tasks, as an object.
const NUMBERING: usize = EVERYTHING - 1;

const MOST: usize = 11;

/// Up to eleven words, each read or written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touches {
    words: [(usize, bool); MOST],
    len: usize,
    /// Commutes with nothing.
    pub(crate) everything: bool,
}

impl Touches {
    fn new(kind: Kind, objects: [usize; 2], guard: usize, reads: bool, tail: Tail) -> Touches {
        // What a call on a descriptor depends on (closing, say) is no step of its own.
        let unknown = matches!(kind, Kind::Signal | Kind::Input | Kind::Output) || is_file(objects[0]);
        let everything = unknown || tail.ends == EVERYTHING || tail.peeks == EVERYTHING;
        let mut touches = Touches { words: [(0, false); MOST], len: 0, everything };
        let writes = !reads && !matches!(kind, Kind::Read | Kind::Wait | Kind::Join);
        touches.add(objects[0], writes);
        touches.add(objects[1], writes);
        touches.add(guard, false);
        touches.add(tail.ends, true);
        tail.frees.into_iter().for_each(|(lock, _)| touches.add(lock, true));
        touches.add(tail.peeks, false);
        touches.add(if kind == Kind::Spawn { NUMBERING } else { 0 }, true);
        touches
    }

    fn add(&mut self, word: usize, writes: bool) {
        if let Some(known) = self.words[..self.len].iter_mut().find(|(other, _)| *other == word) {
            known.1 |= writes;
        } else if word != 0 {
            self.words[self.len] = (word, writes);
            self.len += 1;
        }
    }

    /// What a step touched.
    pub(crate) fn of_event(event: &Event) -> Touches {
        Touches::of(event, event.only_reads(), event.tail)
    }

    /// What a step touches that may be a mere read, and did this besides its operation.
    pub(crate) fn of(event: &Event, reads: bool, tail: Tail) -> Touches {
        let guard = word_of(&event.guard);
        let mut touches = Touches::new(event.kind, [event.object, event.also], guard, reads, tail);
        touches.add(event.lives_by, false);
        event.within.into_iter().for_each(|object| touches.add(object, true));
        let handles = matches!(event.choice.outcome(), Outcome::Signal(_));
        Touches { everything: touches.everything || handles, ..touches }
    }

    /// What the announced step of a task touches.
    pub(crate) fn of_task(task: &Task, reads: bool, tail: Tail) -> Touches {
        let guard = word_of(&task.op.guard);
        let mut touches = Touches::new(task.op.kind, [task.op.object, task.op.also], guard, reads, tail);
        touches.add(task.lives_by, false);
        task.rest_of().into_iter().for_each(|object| touches.add(object, true));
        Touches { everything: touches.everything || task.interrupted, ..touches }
    }

    /// What a step touches besides its operation.
    pub(crate) fn of_tail(tail: Tail) -> Touches {
        Touches::new(Kind::Step, [0, 0], 0, false, tail)
    }

    /// What a task would have touched that was woken for this step, had its sleep ended by its
    /// deadline.
    pub(crate) fn of_sleep_before(event: &Event) -> Touches {
        Touches::of_sleep(event.slept, event.within, event.lives_by)
    }

    /// The same for its announced step.
    pub(crate) fn of_last_sleep(task: &Task) -> Touches {
        Touches::of_sleep(task.slept, task.rest_of(), task.lives_by)
    }

    fn of_sleep(slept: [usize; 2], within: [usize; 2], lives_by: usize) -> Touches {
        let mut touches = Touches::new(Kind::Park, slept, 0, false, Tail::default());
        within.into_iter().for_each(|object| touches.add(object, true));
        touches.add(lives_by, false);
        touches
    }

    /// The words, and whether each may be written.
    pub(crate) fn words(&self) -> &[(usize, bool)] {
        &self.words[..self.len]
    }

    /// Whether all the words lie in this memory, or are no addresses at all.
    pub(crate) fn lie_in(&self, memory: &Range<usize>) -> bool {
        self.words().iter().all(|(word, _)| memory.contains(word) || !is_address(*word))
    }

    /// Whether the order of the two can matter.
    pub(crate) fn conflicts(&self, other: &Touches) -> bool {
        let clash = |&(word, writes): &(usize, bool)| {
            other.words().iter().any(|&(same, also)| word == same && (writes || also))
        };
        self.everything || other.everything || self.words().iter().any(clash)
    }
}

/// The word that a guard looks at; 0 if none.
fn word_of(guard: &Guard) -> usize {
    if guard.cmp == Cmp::Never || guard.asks_descriptor() { 0 } else { guard.word }
}

impl Event {
    /// Whether, although it could have written, it did not.
    pub(crate) fn only_reads(&self) -> bool {
        self.refused && self.effect != Effect::Always
    }
}
