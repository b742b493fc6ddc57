//! From addresses and call sites to names: of what the last execution touched, and where.
//!
//! Called when an execution is recorded, or compared with a record.
//!
//! 1. Objects are numbered in the order in which they were first asked for.
//! 2. A place is made once for each call site: an execution may have many steps, but they
//!    come from few lines.

use super::noun::Noun;
use super::recording::{Object, TaskRecord};
use super::verdict::Place;
use crate::engine::Executor;
use crate::kernel::{Event, Kernel, Lives};
use rustc_hash::FxHashMap;
use selvedge::platform::Kind;
use std::ops::Range;
use std::panic::Location;

/// What tells an object from others: its address space, its address there, and which of those
/// that lay there one after the other it is.
type Being = (u32, usize, usize);

/// Numbers objects by first touch and names them.
pub(super) struct Namer<'k> {
    kernel: &'k Kernel,
    tasks: &'k [TaskRecord],
    names: Vec<(Range<usize>, String)>,
    lives: Lives,
    index: FxHashMap<Being, usize>,
    objects: Vec<Object>,
    homes: Vec<Option<usize>>,
    /// What each object is, by everything that was done to it.
    nouns: FxHashMap<Being, Noun>,
    unnamed: FxHashMap<&'static str, usize>,
    places: FxHashMap<usize, Place>,
}

impl<'k> Namer<'k> {
    /// For the execution that `executor` just ran, with these tasks.
    pub(super) fn of(executor: &'k mut dyn Executor, tasks: &'k [TaskRecord]) -> (&'k Kernel, Namer<'k>) {
        let state = executor.state();
        let names = if state.is_null() { Vec::new() } else { executor.model().ranges(state) };
        let kernel = &*executor.kernel();
        let lives = Lives::of(kernel);
        let namer = Namer {
            kernel,
            tasks,
            names,
            nouns: nouns(kernel, &lives, tasks.len()),
            lives,
            index: FxHashMap::default(),
            objects: Vec::new(),
            homes: Vec::new(),
            unnamed: FxHashMap::default(),
            places: FxHashMap::default(),
        };
        (kernel, namer)
    }

    /// The numbers of the two objects of step `step`; none for the address 0.
    pub(super) fn objects_of(&mut self, step: usize, event: &Event) -> [Option<usize>; 2] {
        let object = self.object(step, event.space, event.object, event.kind);
        [object, self.object(step, event.space, event.also, Kind::Acquire)]
    }

    /// The number of the object of the operation that a task stands before.
    pub(super) fn object_before(&mut self, task: usize) -> Option<usize> {
        let op = self.kernel.as_it_stood(task).op;
        let step = self.kernel.events().len();
        self.object(step, self.kernel.object_space(task, op.object), op.object, op.kind)
    }

    fn object(&mut self, step: usize, space: u32, address: usize, kind: Kind) -> Option<usize> {
        if address == 0 {
            return None;
        }
        let being = (space, address, self.lives.at(space, address, step));
        if let Some(&index) = self.index.get(&being) {
            return Some(index);
        }
        let object = self.describe(being, kind);
        self.index.insert(being, self.objects.len());
        self.objects.push(object);
        self.homes.push(self.kernel.offset_of(address));
        Some(self.objects.len() - 1)
    }

    /// The line of a call.
    pub(super) fn place(&mut self, site: &'static Location<'static>) -> &Place {
        let key = std::ptr::from_ref(site) as usize;
        self.places.entry(key).or_insert_with(|| Place::new(site.file(), site.line(), site.column()))
    }

    /// The objects so far.
    pub(super) fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// Where each of them lies in the memory that all tasks share; `None` elsewhere.
    pub(super) fn homes(&self) -> &[Option<usize>] {
        &self.homes
    }

    pub(super) fn into_objects(self) -> (Vec<Object>, Vec<Option<usize>>) {
        (self.objects, self.homes)
    }

    fn describe(&mut self, being: Being, kind: Kind) -> Object {
        let address = being.1;
        for (index, task) in self.tasks.iter().enumerate() {
            if std::ptr::from_ref(&self.kernel.task(index).ended) as usize == address {
                return Object { name: task.name.clone(), task: Some(index) };
            }
        }
        let named = self
            .names
            .iter()
            .filter(|(range, _)| range.contains(&address))
            .min_by_key(|(range, _)| range.len());
        if let Some((_, name)) = named {
            return Object { name: name.clone(), task: None };
        }
        let known = self.nouns.get(&being).copied();
        let noun = known.unwrap_or_else(|| Noun::of(kind, "", address)).word;
        let count = self.unnamed.entry(noun).or_insert(0);
        *count += 1;
        Object { name: format!("{noun} {count}"), task: None }
    }
}

/// What the objects of an execution are, also of the operations that its tasks stood before.
fn nouns(kernel: &Kernel, lives: &Lives, tasks: usize) -> FxHashMap<Being, Noun> {
    let mut nouns = FxHashMap::default();
    let mut add = |step: usize, space: u32, address: usize, kind: Kind, name: &str| {
        let noun = Noun::of(kind, name, address);
        let known = nouns.entry((space, address, lives.at(space, address, step))).or_insert(noun);
        *known = noun.max(*known);
    };
    for (step, event) in kernel.events().iter().enumerate() {
        add(step, event.space, event.object, event.kind, event.name);
    }
    for index in 0..tasks {
        let op = kernel.as_it_stood(index).op;
        add(kernel.events().len(), kernel.object_space(index, op.object), op.object, op.kind, op.name);
    }
    nouns
}
