//! What a step touches, and which two steps commute.
//!
//! Called by the policy `Awake` at each decision, and by the strategies that reduce by
//! partial orders after an execution. Two steps of different tasks commute if neither
//! touches everything and no word is touched by both of which one may write.
//!
//! A step touches the object of its operation (and a second one), the word that its
//! guard looks at, the `ended` word of a task that it ends, the locks that this one had, and
//! where a destructor had to look whether it must wait. Starting tasks touches their numbering. A thread's step
//! looks at the `ended` word of its process, with which it ends. Where a task slept in the
//! middle of an operation, the rest of it touches the objects of that operation as well.
//!
//! 1. When in doubt, a step writes: more schedules are explored, none is lost. One that was
//!    refused and then changes nothing reads.
//! 2. Words are compared within one execution: see `word`.
//!
//! When a process dies here, nothing is lost: nothing is kept.

use super::word::{View, Word};
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
    words: [Word; MOST],
    /// A bit for each that is written.
    written: u16,
    len: u16,
    /// Commutes with nothing.
    pub(crate) everything: bool,
}

impl Touches {
    fn new(everything: bool) -> Touches {
        Touches { words: [Word::shared(0); MOST], written: 0, len: 0, everything }
    }

    #[inline]
    fn add(&mut self, word: Word, writes: bool) {
        if word.address == 0 {
            return;
        }
        let len = usize::from(self.len);
        let at = self.words[..len].iter().position(|other| *other == word).unwrap_or(len);
        if at == len {
            self.words[at] = word;
            self.len += 1;
        }
        self.written |= u16::from(writes) << at;
    }

    fn add_operation(&mut self, kind: Kind, objects: [usize; 2], guard: &Guard, reads: bool, view: View<'_>) {
        // What a call on a descriptor depends on (closing, say) is no step of its own.
        self.everything |= matches!(kind, Kind::Signal | Kind::Input | Kind::Output) || is_file(objects[0]);
        let writes = !reads && !matches!(kind, Kind::Read | Kind::Wait | Kind::Join);
        objects.into_iter().for_each(|object| self.add(view.word(object), writes));
        self.add(view.word(word_of(guard)), false);
        if kind == Kind::Spawn {
            self.add(Word::shared(NUMBERING), true);
        }
    }

    fn add_tail(&mut self, tail: Tail, word: impl Fn(usize) -> Word) {
        self.everything |= tail.ends == EVERYTHING || tail.peeks == EVERYTHING;
        self.add(word(tail.ends), true);
        tail.frees.into_iter().for_each(|(lock, _)| self.add(word(lock), true));
        self.add(word(tail.peeks), false);
    }

    /// Adds the objects of an operation in the middle of which the task slept, and what its
    /// process ends with.
    fn add_circumstances(&mut self, within: [usize; 2], lives_by: usize, view: View<'_>) {
        within.into_iter().for_each(|object| self.add(view.word(object), true));
        self.add(view.word(lives_by), false);
    }

    /// What a step touched.
    pub(crate) fn of_event(event: &Event, view: View<'_>) -> Touches {
        Touches::of(event, event.only_reads(), event.tail, view)
    }

    /// What a step touches that may be a mere read, and did this besides its operation.
    pub(crate) fn of(event: &Event, reads: bool, tail: Tail, view: View<'_>) -> Touches {
        let mut touches = Touches::new(matches!(event.choice.outcome(), Outcome::Signal(_)));
        touches.add_operation(event.kind, [event.object, event.also], &event.guard, reads, view);
        touches.add_circumstances(event.within, event.lives_by, view);
        touches.add_tail(tail, |address| view.word(address));
        touches
    }

    /// What the announced step of a task touches.
    pub(crate) fn of_task(task: &Task, reads: bool, tail: Tail, view: View<'_>) -> Touches {
        let mut touches = Touches::new(task.interrupted);
        touches.add_operation(task.op.kind, [task.op.object, task.op.also], &task.op.guard, reads, view);
        touches.add_circumstances(task.rest_of(), task.lives_by, view);
        touches.add_tail(tail, |address| view.word(address));
        touches
    }

    /// What the step of a sleeper touches besides its operation, in memory that all share.
    pub(crate) fn of_tail(tail: Tail) -> Touches {
        let mut touches = Touches::new(false);
        touches.add_tail(tail, Word::shared);
        touches
    }

    /// What a task would have touched that was woken for this step, had its sleep ended by its
    /// deadline.
    pub(crate) fn of_sleep_before(event: &Event, view: View<'_>) -> Touches {
        Touches::of_sleep(event.slept, event.within, event.lives_by, view)
    }

    /// The same for its announced step.
    pub(crate) fn of_last_sleep(task: &Task, view: View<'_>) -> Touches {
        Touches::of_sleep(task.slept, task.rest_of(), task.lives_by, view)
    }

    fn of_sleep(slept: [usize; 2], within: [usize; 2], lives_by: usize, view: View<'_>) -> Touches {
        let mut touches = Touches::new(is_file(slept[0]));
        slept.into_iter().for_each(|object| touches.add(view.word(object), true));
        touches.add_circumstances(within, lives_by, view);
        touches
    }

    /// The words, and whether each may be written.
    pub(crate) fn words(&self) -> impl Iterator<Item = (Word, bool)> + '_ {
        let written = |at| self.written >> at & 1 == 1;
        self.all().iter().enumerate().map(move |(at, &word)| (word, written(at)))
    }

    fn all(&self) -> &[Word] {
        &self.words[..usize::from(self.len)]
    }

    /// Whether one of them is this.
    pub(crate) fn have(&self, word: Word) -> bool {
        self.all().contains(&word)
    }

    /// Whether all the words lie in this memory, or are no addresses at all.
    pub(crate) fn lie_in(&self, memory: &Range<usize>) -> bool {
        self.all().iter().all(|word| memory.contains(&word.address) || !is_address(word.address))
    }

    /// Whether the order of the two can matter.
    pub(crate) fn conflicts(&self, other: &Touches) -> bool {
        let clash = |(word, writes): (Word, bool)| {
            let also = other.all().iter().position(|same| *same == word);
            also.is_some_and(|at| writes || other.written >> at & 1 == 1)
        };
        self.everything || other.everything || self.words().any(clash)
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
