//! A program as an engine sees it.
//!
//! Built by `program`, run by the engines. The state of a declarative program is
//! placed in the arena, so tasks in other processes find it at the same address.
//!
//! When a process dies here, the state stays as its last instruction left it.

use super::moment::Moment;
use crate::fault::Faults;
use crate::kernel::{Judged, Role};
use selvedge::shm::Shareable;
use std::alloc::Layout;
use std::ops::Range;
use std::panic::{Location, resume_unwind};
use std::sync::OnceLock;

/// A program: state, tasks on it, and an end.
///
/// The pointers passed around are all the same: memory of
/// [`layout`](Model::layout), initialised by [`init`](Model::init).
pub(crate) trait Model: Sync {
    /// Tasks that exist from the start.
    fn tasks(&self) -> usize;
    /// The name of such a task.
    fn task_name(&self, task: usize) -> String;
    /// The line that declares it.
    fn site(&self, task: usize) -> &'static Location<'static>;
    /// Process or thread.
    fn role(&self, task: usize) -> Role;
    /// Whether processes are forked anew for each execution.
    fn dynamic(&self) -> bool;
    /// What goes wrong in this program unless something else is asked for.
    fn faults(&self) -> Faults {
        Faults::none()
    }
    /// Size and alignment of the state.
    fn layout(&self) -> Layout;
    /// Builds the state at the start of an execution.
    ///
    /// # Safety
    /// `state` points at memory of `layout`, which holds nothing.
    unsafe fn init(&self, state: *mut u8);
    /// The code of a task.
    ///
    /// # Safety
    /// `state` was initialised.
    unsafe fn run(&self, state: *mut u8, task: usize);
    /// What is checked after all tasks have ended, and the label of the outcome.
    ///
    /// # Safety
    /// `state` was initialised.
    unsafe fn finish(&self, state: *mut u8, label: &mut String);
    /// Judges an execution in which no task can go on and some have not ended; false if
    /// nothing here does, so that it is a finding.
    ///
    /// # Safety
    /// `state` was initialised.
    unsafe fn stuck(&self, state: *mut u8) -> bool {
        let _ = state;
        false
    }
    /// Drops the state.
    ///
    /// # Safety
    /// `state` was initialised and is not used again.
    unsafe fn discard(&self, state: *mut u8);
    /// Names of objects in the state, by the addresses they cover in a state at
    /// `state`. Called while no task runs; the state may have been dropped.
    fn ranges(&self, state: *mut u8) -> Vec<(Range<usize>, String)>;
}

type Task<S> = Box<dyn Fn(&S, usize) + Send + Sync>;
type Finish<S> = Box<dyn Fn(&S) + Send + Sync>;
type History<S> = Box<dyn Fn(&S, &dyn Fn(usize) -> String) -> Option<Judged> + Send + Sync>;
type Label<S> = Box<dyn Fn(&S, &mut String) + Send + Sync>;
pub(crate) type Extent<S> = Box<dyn Fn(&S) -> Range<usize> + Send + Sync>;

/// Tasks that run the same code.
pub(crate) struct Group<S> {
    pub(crate) name: String,
    pub(crate) count: usize,
    pub(crate) site: &'static Location<'static>,
    pub(crate) role: Role,
    pub(crate) body: Task<S>,
}

/// A declarative program over a state of type `S`.
pub(crate) struct Typed<S> {
    pub(crate) init: Box<dyn Fn() -> S + Send + Sync>,
    pub(crate) groups: Vec<Group<S>>,
    /// For each task its group and its number in the group.
    pub(crate) members: Vec<(u32, u32)>,
    pub(crate) finally: Vec<Finish<S>>,
    /// What is checked instead if no task can go on.
    pub(crate) stuck: Vec<Finish<S>>,
    /// Histories that are judged before anything else is checked.
    pub(crate) histories: Vec<History<S>>,
    pub(crate) label: Option<Label<S>>,
    /// What goes wrong unless something else is asked for.
    pub(crate) faults: Faults,
    /// Named parts of the state, by address while it exists.
    pub(crate) parts: Vec<(String, Extent<S>)>,
    /// Named parts of the state, by offset; filled in at the first execution. Workers side
    /// by side read it in every execution, and nobody writes to it any more.
    pub(crate) names: OnceLock<Vec<(String, Range<usize>)>>,
}

impl<S> Typed<S> {
    /// Finds out where the named parts of the state lie, once.
    fn locate(&self, state: &S) {
        self.names.get_or_init(|| {
            let base = std::ptr::from_ref(state) as usize;
            let offset = |(name, extent): &(String, Extent<S>)| {
                let range = extent(state);
                (name.clone(), range.start.wrapping_sub(base)..range.end.wrapping_sub(base))
            };
            self.parts.iter().map(offset).collect()
        });
    }
}

impl<S: Shareable> Typed<S> {
    /// The name of who recorded an operation: a task, or in `wild` a thread that is none.
    fn client_name(&self, client: usize) -> String {
        if client < self.members.len() { self.task_name(client) } else { format!("process {client}") }
    }
}

impl<S: Shareable> Model for Typed<S> {
    fn tasks(&self) -> usize {
        self.members.len()
    }

    fn task_name(&self, task: usize) -> String {
        let (group, number) = self.members[task];
        let group = &self.groups[group as usize];
        if group.count == 1 { group.name.clone() } else { format!("{} {number}", group.name) }
    }

    fn site(&self, task: usize) -> &'static Location<'static> {
        self.groups[self.members[task].0 as usize].site
    }

    fn role(&self, task: usize) -> Role {
        self.groups[self.members[task].0 as usize].role
    }

    fn dynamic(&self) -> bool {
        false
    }

    fn faults(&self) -> Faults {
        self.faults.clone()
    }

    fn layout(&self) -> Layout {
        Layout::new::<S>()
    }

    unsafe fn init(&self, state: *mut u8) {
        Moment::SetUp.begin();
        // SAFETY: the caller's promise about `layout`.
        unsafe { state.cast::<S>().write((self.init)()) };
        if !self.parts.is_empty() {
            // SAFETY: just written.
            self.locate(unsafe { &*state.cast::<S>() });
        }
    }

    unsafe fn run(&self, state: *mut u8, task: usize) {
        let (group, number) = self.members[task];
        // SAFETY: the caller's promise; tasks only get shared references.
        (self.groups[group as usize].body)(unsafe { &*state.cast::<S>() }, number as usize);
    }

    unsafe fn finish(&self, state: *mut u8, label: &mut String) {
        // SAFETY: the caller's promise.
        let state = unsafe { &*state.cast::<S>() };
        if let Some(write) = &self.label {
            Moment::Label.begin();
            write(state, label);
        }
        Moment::Finally.begin();
        for history in &self.histories {
            if let Some(judged) = history(state, &|task| self.client_name(task)) {
                resume_unwind(Box::new(judged));
            }
        }
        for check in &self.finally {
            check(state);
        }
    }

    unsafe fn stuck(&self, state: *mut u8) -> bool {
        Moment::Finally.begin();
        // SAFETY: the caller's promise.
        let state = unsafe { &*state.cast::<S>() };
        self.stuck.iter().for_each(|check| check(state));
        !self.stuck.is_empty()
    }

    unsafe fn discard(&self, state: *mut u8) {
        Moment::Discard.begin();
        // SAFETY: the caller's promise.
        unsafe { state.cast::<S>().drop_in_place() };
    }

    fn ranges(&self, state: *mut u8) -> Vec<(Range<usize>, String)> {
        let base = state as usize;
        let here = |range: &Range<usize>| base + range.start..base + range.end;
        let names = self.names.get().into_iter().flatten();
        names.map(|(name, range)| (here(range), name.clone())).collect()
    }
}

/// A dynamic program: one main task, which starts the others as it runs.
pub(crate) struct Dynamic<F> {
    pub(crate) body: F,
    /// The line that explores it.
    pub(crate) site: &'static Location<'static>,
    /// What goes wrong unless something else is asked for.
    pub(crate) faults: Faults,
}

impl<F> Dynamic<F> {
    /// A program in which nothing goes wrong by itself.
    #[track_caller]
    pub(crate) fn new(body: F) -> Dynamic<F> {
        Dynamic { body, site: Location::caller(), faults: Faults::none() }
    }
}

impl<F: Fn() + Sync> Model for Dynamic<F> {
    fn tasks(&self) -> usize {
        1
    }

    fn task_name(&self, _: usize) -> String {
        "main".to_owned()
    }

    fn site(&self, _: usize) -> &'static Location<'static> {
        self.site
    }

    fn role(&self, _: usize) -> Role {
        Role::Process
    }

    fn dynamic(&self) -> bool {
        true
    }

    fn faults(&self) -> Faults {
        self.faults.clone()
    }

    fn layout(&self) -> Layout {
        Layout::new::<()>()
    }

    unsafe fn init(&self, _: *mut u8) {}

    unsafe fn run(&self, _: *mut u8, _: usize) {
        (self.body)();
    }

    unsafe fn finish(&self, _: *mut u8, _: &mut String) {}

    unsafe fn discard(&self, _: *mut u8) {}

    fn ranges(&self, _: *mut u8) -> Vec<(Range<usize>, String)> {
        Vec::new()
    }
}
