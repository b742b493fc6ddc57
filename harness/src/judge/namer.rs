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
use crate::kernel::Kernel;
use rustc_hash::FxHashMap;
use selvedge::platform::Kind;
use std::ops::Range;
use std::panic::Location;

/// Numbers objects by first touch and names them.
pub(super) struct Namer<'k> {
    kernel: &'k Kernel,
    tasks: &'k [TaskRecord],
    names: Vec<(Range<usize>, String)>,
    index: FxHashMap<(u32, usize), usize>,
    objects: Vec<Object>,
    homes: Vec<Option<usize>>,
    /// What each object is, by everything that was done to it.
    nouns: FxHashMap<(u32, usize), Noun>,
    unnamed: FxHashMap<&'static str, usize>,
    places: FxHashMap<usize, Place>,
}

impl<'k> Namer<'k> {
    /// For the execution that `executor` just ran, with these tasks.
    pub(super) fn of(executor: &'k mut dyn Executor, tasks: &'k [TaskRecord]) -> (&'k Kernel, Namer<'k>) {
        let state = executor.state();
        let names = if state.is_null() { Vec::new() } else { executor.model().ranges(state) };
        let kernel = &*executor.kernel();
        let namer = Namer {
            kernel,
            tasks,
            names,
            index: FxHashMap::default(),
            objects: Vec::new(),
            homes: Vec::new(),
            nouns: nouns(kernel, tasks.len()),
            unnamed: FxHashMap::default(),
            places: FxHashMap::default(),
        };
        (kernel, namer)
    }

    /// The number of an object; none for the address 0.
    pub(super) fn object(&mut self, space: u32, address: usize, kind: Kind) -> Option<usize> {
        if address == 0 {
            return None;
        }
        if let Some(&index) = self.index.get(&(space, address)) {
            return Some(index);
        }
        let object = self.describe(space, address, kind);
        self.index.insert((space, address), self.objects.len());
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

    fn describe(&mut self, space: u32, address: usize, kind: Kind) -> Object {
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
        let known = self.nouns.get(&(space, address)).copied();
        let noun = known.unwrap_or_else(|| Noun::of(kind, "", address)).word;
        let count = self.unnamed.entry(noun).or_insert(0);
        *count += 1;
        Object { name: format!("{noun} {count}"), task: None }
    }
}

/// What the objects of an execution are, also of the operations that its tasks stood before.
fn nouns(kernel: &Kernel, tasks: usize) -> FxHashMap<(u32, usize), Noun> {
    let mut nouns = FxHashMap::default();
    let mut add = |space: u32, address: usize, kind: Kind, name: &str| {
        let noun = Noun::of(kind, name, address);
        let known = nouns.entry((space, address)).or_insert(noun);
        *known = noun.max(*known);
    };
    for event in kernel.events().iter() {
        add(event.space, event.object, event.kind, event.name);
    }
    for index in 0..tasks {
        let op = kernel.task(index).op;
        add(kernel.object_space(index, op.object), op.object, op.kind, op.name);
    }
    nouns
}
