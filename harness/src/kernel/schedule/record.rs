//! Writing down what happens, while a plan asks for it.
//!
//! Called at each choice, and by a step when it knows what it came out with. The record
//! lies in the arena; judges and reports read it after the execution.
//!
//! 1. Event k is that of choice k, written when the choice is made; its value and tail
//!    follow while the step runs.
//!
//! When a process dies here, its last event stays without a value.

use super::choice::{Choice, Outcome};
use super::event::{EVERYTHING, Event, Tail};
use crate::kernel::data::state::{ABANDON, Kernel};
use crate::kernel::data::task::NOBODY;
use selvedge::platform::{Cmp, Observe};
use std::sync::atomic::{AtomicU32, Ordering};

impl Kernel {
    /// Writes down the number that the step with this index came out with.
    #[cold]
    pub(in crate::kernel) fn record_value(&mut self, index: u32, result: &impl Observe) {
        if self.flags & ABANDON != 0 {
            // What a task gives back as it leaves an execution that is over is no step.
            return;
        }
        if let Some(event) = self.events().get_mut(index as usize) {
            event.value = result.observed();
            event.part = result.part();
            event.refused = result.refused();
            event.done = true;
        }
    }

    #[inline(never)]
    pub(in crate::kernel) fn record(&mut self, choice: Choice) {
        let task = self.task(choice.task());
        let op = task.op;
        let late = choice.outcome().is_run() && self.is_late(choice.task());
        let choice = if late { Choice::new(choice.task(), Outcome::TimeOut) } else { choice };
        // Sent by somebody, not by a fault: part of the schedule only as a turn.
        let sent = if choice.outcome().is_run() && task.interrupted {
            self.next_signal(choice.task())
        } else {
            None
        };
        let choice = sent.map_or(choice, |signal| Choice::new(choice.task(), Outcome::Signal(signal)));
        let within = task.rest_of();
        let event = Event {
            choice,
            kind: op.kind,
            done: !choice.outcome().is_run() || op.guard.cmp == Cmp::Never,
            space: if op.object == 0 { 0 } else { self.space_for(choice.task(), op.object) },
            name: op.name,
            object: op.object,
            also: op.also,
            site: task.site(),
            refused: false,
            inside: task.is_inside(),
            value: 0,
            part: None,
            guard: op.guard,
            before: [op.object, op.also, within[0], within[1]].map(|object| self.peek(object)),
            shown: [(0, 0); 2],
            effect: op.effect,
            cause: (task.cause != NOBODY).then_some(task.cause),
            within,
            slept: task.slept,
            since: task.since,
            lives_by: task.lives_by,
            tail: Tail::default(),
        };
        task.cause = NOBODY;
        task.since = 0;
        self.doze();
        // SAFETY: steps < limits.steps, the length of `events`.
        unsafe { self.parts.events.add(self.steps as usize).write(event) };
    }

    /// What lies at an address of the arena, eight bytes at most.
    pub(in crate::kernel) fn peek(&self, address: usize) -> Option<u64> {
        let inside = (self.parts.start..self.parts.end - 8).contains(&address);
        // SAFETY: eight bytes of the arena, which nobody else writes: we have the turn.
        inside.then(|| unsafe { (address as *const u64).read_unaligned() })
    }

    /// Whether the announced operation of a task would be a mere read now, although it could
    /// write; also where that cannot be known.
    pub(in crate::kernel) fn would_only_read(&self, index: usize) -> bool {
        let op = self.task(index).op;
        op.effect.at(self.peek(op.effect.decided_by())) != Some(true)
    }

    /// The running step is about to write to a word that only guards look at.
    pub(in crate::kernel) fn note_shown(&mut self, word: usize, before: u32) {
        let Some(event) = self.events().last_mut() else { return };
        if event.shown.iter().any(|(other, _)| *other == word) {
            return;
        }
        match event.shown.iter_mut().find(|(other, _)| *other == 0) {
            Some(place) => *place = (word, before),
            None => event.shown[1].0 = EVERYTHING,
        }
    }

    /// The last step ended a task, or looked at a word to announce its next operation.
    pub(in crate::kernel) fn note_tail(&mut self, add: impl FnOnce(&mut Tail)) {
        if let Some(event) = self.events().last_mut() {
            add(&mut event.tail);
        }
    }

    /// Whether a task whose operation waits for no word goes on because its deadline has passed.
    fn is_late(&self, index: usize) -> bool {
        let task = self.task(index);
        task.timed_out && (task.op.guard.asks_descriptor() || task.op.guard.cmp == Cmp::Never)
    }

    /// The running task goes on, and the deadline of its operation has passed: if its guard does
    /// not hold, that is why. Asked here, because the word may be one that only its process has.
    pub(in crate::kernel) fn note_lateness(&mut self, me: usize) {
        let guard = self.task(me).op.guard;
        if !matches!(guard.cmp, Cmp::Eq | Cmp::Ne | Cmp::Gt | Cmp::Lt) {
            return;
        }
        // SAFETY: a guard's word is valid while its operation is announced.
        let word = unsafe { &*(guard.word as *const AtomicU32) }.load(Ordering::Relaxed);
        if let Some(event) = self.events().last_mut()
            && event.choice == Choice::run(me)
            && !guard.holds(word)
        {
            event.choice = Choice::new(me, Outcome::TimeOut);
            event.done = true;
        }
    }
}
