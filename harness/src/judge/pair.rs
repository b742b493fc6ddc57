//! Two operations whose order decides how an execution ends, and which pairs of a
//! recorded execution could be such.
//!
//! Called by `program`, which runs the candidates in the other order, and by the reports,
//! which show the pair that was found.
//!
//! A candidate is a pair of operations of different tasks on one object, not both of them
//! looks, whose order nothing else fixes: no third operation lies between the two in the
//! order of dependence. Two more kinds are of use: two tasks that take one lock, one
//! after the other, although the release lies in between; and the last of several operations
//! of one task that stand between two of another. And files: the two ends of a socket, or a
//! selector and what it watches, are different objects, and no record says that they belong
//! together; so the last look at any file by another task may have decided as well, and the last
//! write to one: of whoever asks a server the look is at the answer, and the write asked. The
//! second operation may be one that its task only stood before when the execution ended.
//! Where none of these makes it pass, the order of two may decide all the same that others stand
//! between: of two tasks that both write, the one that looks at what it wrote is such a third.
//!
//! 1. The first operation was performed, in a turn of its task and without a fault.
//! 2. Candidates are in the order in which they shall be tried: the latest first, since
//!    what is near the end had to do with it more often than what is far; what was never
//!    performed comes first after a deadlock, and last in all other cases. Those of two
//!    operations that the program calls come before those with one that the library calls on
//!    its behalf, and these before those with a task of the library's own. Those with others in
//!    between come last.
//!
//! Vector clocks as in Mattern, "Virtual time and global states of distributed systems"
//! (1989). Only a recording is looked at, which knows objects but not words of memory; a
//! dependence that it does not show makes a candidate too many, and no harm.

use super::recording::{Recording, Step};
use super::verdict::Verdict;
use rustc_hash::{FxHashMap, FxHashSet};
use selvedge::platform::Kind;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Two operations whose order decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriticalPair {
    /// The earlier one, as an index into [`Recording::steps`].
    pub first: usize,
    /// The later one.
    pub second: Later,
}

/// The later operation of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Later {
    /// An index into [`Recording::steps`].
    Step(usize),
    /// What this task stood before when the execution ended.
    Pending(usize),
}

impl CriticalPair {
    /// Whether the step with this index is one of the two.
    pub fn contains(&self, step: usize) -> bool {
        self.first == step || self.second == Later::Step(step)
    }

    /// Those of the two that were performed, as indices into [`Recording::steps`].
    pub fn steps(&self) -> impl Iterator<Item = usize> + use<> {
        let second = match self.second {
            Later::Step(index) => Some(index),
            Later::Pending(_) => None,
        };
        [Some(self.first), second].into_iter().flatten()
    }

    /// How far from the program's own code the two are: what a reader knows least comes last.
    fn distance(&self, recording: &Recording) -> u8 {
        let helps = self.tasks(recording).iter().any(|&task| recording.tasks[task].helps);
        let inside = match self.second {
            Later::Step(index) => recording.steps[index].inside,
            Later::Pending(task) => recording.tasks[task].pending.as_ref().is_some_and(|next| next.inside),
        };
        match (helps, inside || recording.steps[self.first].inside) {
            (false, false) => 0,
            (false, true) => 1,
            (true, _) => 2,
        }
    }

    /// The tasks of the two.
    pub fn tasks(&self, recording: &Recording) -> [usize; 2] {
        let second = match self.second {
            Later::Step(index) => recording.steps[index].task,
            Later::Pending(task) => task,
        };
        [recording.steps[self.first].task, second]
    }
}

/// Steps that are searched for pairs: the last ones, except that a livelock is only the
/// same from some step on, so that the first ones are looked at.
const REACH: usize = 2_000;

/// The part of an operation that orders it.
#[derive(Clone, Copy)]
struct Act {
    task: usize,
    kind: Kind,
    objects: [Option<usize>; 2],
}

impl Act {
    fn of(step: &Step) -> Act {
        Act { task: step.task, kind: step.kind, objects: [step.object, step.also] }
    }

    /// It changes nothing.
    fn looks(&self) -> bool {
        matches!(self.kind, Kind::Read | Kind::Wait | Kind::Join)
    }

    /// Whether its order with others may be a matter of chance at all.
    fn is_shared(&self) -> bool {
        !matches!(self.kind, Kind::Step | Kind::Spawn | Kind::Join | Kind::Sleep | Kind::Signal)
    }

    /// It moves bytes, or asks whether there are any.
    fn is_of_files(&self) -> bool {
        matches!(self.kind, Kind::Input | Kind::Output)
    }

    fn takes(&self) -> bool {
        matches!(self.kind, Kind::Acquire | Kind::TryAcquire)
    }
}

/// What happened on one object.
#[derive(Default)]
struct History {
    /// Steps that changed it.
    writes: Vec<usize>,
    /// Looks since the last of these.
    reads: Vec<usize>,
}

/// The order of dependence among the last steps of a recording.
pub(crate) struct Order<'r> {
    recording: &'r Recording,
    /// The first step that is looked at.
    from: usize,
    /// The first one after those.
    to: usize,
    /// For each step from there on, how many steps of each task happen before it, itself
    /// included; counted from there.
    clocks: Vec<Vec<u32>>,
    /// Each step's number among its task's own.
    numbers: Vec<u32>,
    /// The last step of each task.
    last: Vec<Option<usize>>,
    /// The last steps of each task that looked at a file, and that wrote to one.
    last_of_files: Vec<[Option<usize>; 2]>,
    histories: FxHashMap<usize, History>,
    starts: Vec<Option<usize>>,
}

impl<'r> Order<'r> {
    fn new(recording: &'r Recording) -> Order<'r> {
        let (tasks, steps) = (recording.tasks.len(), recording.steps.len());
        let (from, to) = match recording.verdict {
            Verdict::Livelock { .. } => (0, steps.min(REACH)),
            _ => (steps.saturating_sub(REACH), steps),
        };
        Order {
            recording,
            from,
            to,
            clocks: Vec::new(),
            numbers: Vec::new(),
            last: vec![None; tasks],
            last_of_files: vec![[None; 2]; tasks],
            histories: FxHashMap::default(),
            starts: vec![None; tasks],
        }
    }

    /// Whether step `earlier` happens before step `later`, or is that step.
    pub(crate) fn before(&self, earlier: usize, later: usize) -> bool {
        self.is_in(earlier, &self.clocks[later - self.from])
    }

    fn is_in(&self, step: usize, clock: &[u32]) -> bool {
        clock[self.recording.steps[step].task] >= self.numbers[step - self.from]
    }

    /// The clock of what happens before the next operation of a task, whatever it is.
    fn past(&self, task: usize) -> Vec<u32> {
        let mut past = vec![0; self.recording.tasks.len()];
        if let Some(start) = self.starts[task] {
            join(&mut past, &self.clocks[start - self.from]);
        }
        if let Some(last) = self.last[task] {
            join(&mut past, &self.clocks[last - self.from]);
            // Who slept was woken by the last that touched what it slept on.
            let step = &self.recording.steps[last];
            let slept = matches!(step.kind, Kind::Park | Kind::Wait);
            let on = step.object.filter(|_| slept).and_then(|object| self.histories.get(&object));
            let wakes = |step: &&usize| self.recording.steps[**step].kind != Kind::Park;
            if let Some(&waker) = on.and_then(|history| history.writes.iter().rev().find(wakes)) {
                join(&mut past, &self.clocks[waker - self.from]);
            }
        }
        past
    }

    /// The latest steps that an operation depends on directly: the last change of each of
    /// its objects, and the looks since then if it changes the object itself.
    fn sources(&self, act: &Act) -> Vec<usize> {
        let mut sources = Vec::new();
        for object in act.objects.into_iter().flatten() {
            if let Some(history) = self.histories.get(&object) {
                sources.extend(history.writes.last());
                sources.extend(history.reads.iter().filter(|_| !act.looks()));
            }
            let ended = self.recording.objects[object].task.filter(|_| act.kind == Kind::Join);
            sources.extend(ended.and_then(|task| self.last[task]));
        }
        sources.sort_unstable_by(|a, b| b.cmp(a));
        sources.dedup();
        sources
    }

    /// The steps that an operation could have come before.
    fn firsts(&self, act: &Act, past: &[u32]) -> Vec<usize> {
        if !act.is_shared() {
            return Vec::new();
        }
        let steps = &self.recording.steps;
        let mut firsts = Vec::new();
        let mut covered = past.to_vec();
        for source in self.sources(act) {
            if !self.is_in(source, &covered) {
                firsts.push(source);
            }
            join(&mut covered, &self.clocks[source - self.from]);
        }
        if act.takes() {
            let history = act.objects[0].and_then(|object| self.histories.get(&object));
            let writes = history.map_or(&[][..], |history| &history.writes);
            let takes = |step: &&usize| Act::of(&steps[**step]).takes() && steps[**step].task != act.task;
            firsts.extend(writes.iter().rev().find(takes).filter(|&&step| !self.is_in(step, past)));
        }
        firsts.retain(|&first| {
            let step = &steps[first];
            step.task != act.task && step.outcome.is_run() && Act::of(step).is_shared()
        });
        firsts.sort_unstable_by(|a, b| b.cmp(a));
        firsts.dedup();
        firsts
    }

    /// The last calls on files of other tasks that an operation on another file could have
    /// come before.
    fn files(&self, act: &Act, past: &[u32]) -> Vec<usize> {
        let others = self.last_of_files.iter().enumerate().filter(|(task, _)| *task != act.task);
        let mut firsts: Vec<usize> = others.flat_map(|(_, last)| last).copied().flatten().collect();
        firsts.retain(|&first| act.is_of_files() && !self.is_in(first, past));
        firsts.sort_unstable_by(|a, b| b.cmp(a));
        firsts
    }

    fn push(&mut self, index: usize, act: &Act, mut clock: Vec<u32>) {
        for source in self.sources(act) {
            join(&mut clock, &self.clocks[source - self.from]);
        }
        clock[act.task] += 1;
        self.numbers.push(clock[act.task]);
        self.clocks.push(clock);
        self.last[act.task] = Some(index);
        let step = &self.recording.steps[index];
        if act.is_of_files() && step.outcome.is_run() {
            self.last_of_files[act.task][usize::from(act.kind == Kind::Output)] = Some(index);
        }
        for object in act.objects.into_iter().flatten() {
            let history = self.histories.entry(object).or_default();
            if act.looks() {
                history.reads.push(index);
            } else {
                history.writes.push(index);
                history.reads.clear();
            }
        }
        let step = &self.recording.steps[index];
        let child = step.value.filter(|_| act.kind == Kind::Spawn).map(|child| child as usize);
        if let Some(start) = child.and_then(|child| self.starts.get_mut(child)) {
            *start = Some(index);
        }
    }
}

/// The order of dependence of a recorded execution, and its candidates in the order in
/// which they shall be tried.
pub(crate) fn candidates(recording: &Recording) -> (Order<'_>, Vec<CriticalPair>) {
    let mut order = Order::new(recording);
    let mut done = Vec::new();
    let mut files = Vec::new();
    for index in order.from..order.to {
        let step = &recording.steps[index];
        let act = Act::of(step);
        let past = order.past(step.task);
        if step.outcome.is_turn() {
            let pair = |first| CriticalPair { first, second: Later::Step(index) };
            done.extend(order.firsts(&act, &past).into_iter().rev().map(pair));
            files.extend(order.files(&act, &past).into_iter().rev().map(pair));
        }
        order.push(index, &act, past);
    }
    done.reverse();
    // What asks comes before its answer, which would have to be swapped along with it.
    files.sort_by_key(|pair: &CriticalPair| std::cmp::Reverse(pair.first));
    for pair in widened(recording, order.to, &done).into_iter().chain(files) {
        if !done.contains(&pair) {
            done.push(pair);
        }
    }
    let mut pending = Vec::new();
    let all_seen = order.to == recording.steps.len();
    for (task, record) in recording.tasks.iter().enumerate().filter(|_| all_seen) {
        if let Some(next) = &record.pending {
            let act = Act { task, kind: next.kind, objects: [next.object, None] };
            let pair = |first| CriticalPair { first, second: Later::Pending(task) };
            let past = order.past(task);
            let firsts = order.firsts(&act, &past);
            let files = order.files(&act, &past).into_iter().filter(|file| !firsts.contains(file));
            pending.extend(firsts.iter().copied().chain(files).map(pair));
        }
    }
    pending.sort_by_key(|pair| std::cmp::Reverse(pair.first));
    let all = if recording.verdict == Verdict::Deadlock { [pending, done] } else { [done, pending] };
    let mut all = all.concat();
    // Stable: within each of the two as before.
    all.sort_by_key(|pair| pair.distance(recording));
    let mut far = distant(recording, order.from..order.to);
    far.retain(|pair| !all.contains(pair));
    far.sort_by_key(|pair| pair.distance(recording));
    all.extend(far);
    (order, all)
}

/// Pairs with others in between: of each operation and each other task the first and the last that
/// this one does to the same object later on.
fn distant(recording: &Recording, range: Range<usize>) -> Vec<CriticalPair> {
    let steps = &recording.steps;
    let mut pairs = Vec::new();
    for first in range.clone().rev() {
        let act = Act::of(&steps[first]);
        if !steps[first].outcome.is_run() || !act.is_shared() {
            continue;
        }
        let meets = |&second: &usize| {
            let other = Act::of(&steps[second]);
            let both = || act.objects.iter().flatten().any(|object| other.objects.contains(&Some(*object)));
            let counts = other.task != act.task && steps[second].outcome.is_turn() && other.is_shared();
            counts && !(act.looks() && other.looks()) && both()
        };
        let one_of_each_task = |later: &mut dyn Iterator<Item = usize>| {
            let mut tasks = FxHashSet::default();
            later.filter(meets).filter(|&second| tasks.insert(steps[second].task)).collect::<Vec<_>>()
        };
        let mut seconds = one_of_each_task(&mut (first + 1..range.end).rev());
        seconds.extend(one_of_each_task(&mut (first + 1..range.end)));
        seconds.sort_unstable();
        seconds.dedup();
        pairs.extend(seconds.into_iter().map(|second| CriticalPair { first, second: Later::Step(second) }));
    }
    pairs
}

/// Pairs whose second operation is the last of its task, on the same object, before the
/// task of the first one comes back to it: where an operation stands between another
/// task's reading and writing, it is often one of many that all stand there.
fn widened(recording: &Recording, to: usize, pairs: &[CriticalPair]) -> Vec<CriticalPair> {
    let steps = &recording.steps[..to];
    let last = |pair: &CriticalPair| {
        let Later::Step(second) = pair.second else { return None };
        let [a, b] = pair.tasks(recording);
        let object = steps[second].object;
        let window =
            (second + 1..steps.len()).take_while(|&at| steps[at].task != a || steps[at].object != object);
        let conflicts = |step: &Step| !(Act::of(step).looks() && Act::of(&steps[pair.first]).looks());
        let of_b = |&at: &usize| {
            let step = &steps[at];
            step.task == b && step.object == object && step.outcome.is_turn() && conflicts(step)
        };
        let second = Later::Step(window.filter(of_b).last()?);
        Some(CriticalPair { first: pair.first, second })
    };
    pairs.iter().filter_map(last).collect()
}

fn join(into: &mut [u32], other: &[u32]) {
    into.iter_mut().zip(other).for_each(|(own, &theirs)| *own = (*own).max(theirs));
}
