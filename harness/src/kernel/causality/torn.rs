//! Whether two processes used one object that real ones would have a copy each of: it lies
//! outside the memory that they share, in an `Arc` or a closure that one of them was started with.
//!
//! Asked by `program` after executions with a record, until one says yes. Fibers of all processes
//! have one memory, so that only `sim` can tell: in `real` the copies are different objects
//! already.
//!
//! | uses of two processes | told |
//! |---|---|
//! | one may change the object | yes |
//! | both only look at it | no: the copies are alike |
//! | one was there before the other process, or its forebear, was started from it | no: the copy has it |
//!
//! When a process dies here, nothing is left behind: nothing is written.

use super::word::{View, Word};
use crate::kernel::data::state::{Kernel, Mode};
use crate::kernel::data::task::Role;
use crate::kernel::schedule::event::Event;
use crate::kernel::schedule::lives::Lives;
use rustc_hash::FxHashMap;
use selvedge::platform::Kind;

/// A use of an object.
#[derive(Clone, Copy)]
struct Use<'k> {
    step: usize,
    process: usize,
    writes: bool,
    event: &'k Event,
}

impl Kernel {
    /// The first two steps of the last execution, which was recorded, with which two processes
    /// used one object that they do not share.
    pub(crate) fn torn(&self) -> Option<[&Event; 2]> {
        let processes = (0..self.tasks as usize).filter(|&task| self.task(task).role == Role::Process);
        if self.mode == Mode::Real || processes.count() < 2 {
            return None;
        }
        let lives = Lives::of_own_memory(self);
        // Of each process the last use, and the last with which it may have changed the object.
        let mut known: FxHashMap<Word, Vec<Use<'_>>> = FxHashMap::default();
        self.events().iter().enumerate().find_map(|(step, event)| {
            let task = event.choice.task();
            let process = self.task(task).process as usize;
            let view = View::at(self, &lives, task, step);
            let writes = !event.only_reads() && !matches!(event.kind, Kind::Read | Kind::Wait | Kind::Join);
            let late = Use { step, process, writes, event };
            let own = |object: &usize| !self.is_shared(*object);
            [event.object, event.also].into_iter().filter(own).find_map(|object| {
                let uses = known.entry(view.word(object)).or_default();
                let first = uses.iter().find(|early| self.tears(early, &late)).map(|early| early.event);
                uses.retain(|early| early.process != process || early.writes && !writes);
                uses.push(late);
                Some([first?, event])
            })
        })
    }

    /// Whether two uses of one object are such that copies of it differ from then on.
    fn tears(&self, early: &Use<'_>, late: &Use<'_>) -> bool {
        let copied =
            || self.started_from(early.process, late.process).is_some_and(|start| early.step <= start);
        early.process != late.process && (early.writes || late.writes) && !copied()
    }

    /// The step with which a process started another one, or a forebear of it.
    fn started_from(&self, process: usize, other: usize) -> Option<usize> {
        let parent = |process: usize| {
            let parent = self.task(process).parent as usize;
            (parent < process).then(|| self.task(parent).process as usize)
        };
        let line = std::iter::successors(Some(other), |&heir| parent(heir));
        let heir = line.take_while(|&heir| heir != process).last()?;
        let first = self.events().iter().find(|event| event.choice.task() == heir);
        first.filter(|_| parent(heir) == Some(process))?.cause.map(|step| step as usize)
    }
}
