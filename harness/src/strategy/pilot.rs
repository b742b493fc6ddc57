//! What a search knows of a program before it begins: pilot runs.
//!
//! `pct` and `delay` place their marks among so many steps, `urw` and `surw` weigh
//! tasks by the operations that they will perform. Both numbers come from a few random
//! runs that are not counted, always the same for a seed; so execution k of a run is
//! the same whichever were run before it, by whichever worker and in either engine.
//!
//! Used by every strategy that wants such numbers, through [`Piloted`].
//!
//! 1. A sketch names no address: tasks and objects are numbers, in the order in which
//!    the pilot run met them.
//! 2. Executions that turn out differently from the pilot are only weighed less well.

use super::Search;
use crate::kernel::{Choice, End, Forecast, Kernel, Lives, Plan, Policy, Rng, is_eligible};
use rustc_hash::FxHashMap;
use selvedge::platform::Kind;

/// Pilot runs before the first execution that counts; the longest is believed.
const PILOTS: u64 = 3;
/// What keeps the seeds of pilot runs apart from those of executions.
const SALT: u64 = 0x9110_7000_5E1F_ED6E;

/// How a strategy makes a plan from what the pilot runs taught.
pub(crate) trait Recipe {
    /// Writes the plan of execution `index`; `rng` is its generator.
    fn write(&self, index: u64, rng: Rng, sketch: &Sketch, kernel: &mut Kernel);
}

/// A search by a recipe, after its pilot runs.
pub(crate) struct Piloted<R> {
    seed: u64,
    runs: u64,
    sketch: Sketch,
    recipe: R,
    /// Faults shall be injected, once the pilot runs are over.
    inject: bool,
}

impl<R: Recipe> Piloted<R> {
    pub(crate) fn new(seed: u64, recipe: R) -> Piloted<R> {
        Piloted { seed, runs: 0, sketch: Sketch::default(), recipe, inject: false }
    }
}

impl<R: Recipe> Search for Piloted<R> {
    fn plan(&mut self, index: u64, kernel: &mut Kernel) -> bool {
        if self.runs < PILOTS {
            // The length of a run that is killed half way would teach nothing.
            self.inject |= std::mem::take(&mut kernel.faults.inject);
            let rng = Rng::derive(self.seed ^ SALT, self.runs);
            kernel.plan = Plan { record: true, ..Plan::by(Policy::Random, rng) };
        } else {
            kernel.faults.inject |= std::mem::take(&mut self.inject);
            self.recipe.write(index, Rng::derive(self.seed, index), &self.sketch, kernel);
        }
        true
    }

    fn learn(&mut self, kernel: &Kernel) -> bool {
        if self.runs == PILOTS {
            return true;
        }
        if kernel.ending().0 == End::GivenUp {
            // Ten seconds were lost; the verdict is the search's last, so it counts.
            self.runs = PILOTS;
            return true;
        }
        self.runs += 1;
        if kernel.steps > self.sketch.steps {
            self.sketch = Sketch::of(kernel);
        }
        false
    }
}

/// One object that several tasks touch, not all of them only reading.
struct Object {
    /// Each task's operations on it, with those of the tasks that it starts.
    counts: Vec<u32>,
    /// Which of each task's operations touches it first.
    witnesses: Vec<u32>,
}

/// A program as one pilot run showed it.
#[derive(Default)]
pub(crate) struct Sketch {
    steps: u32,
    /// Each task's operations, with those of the tasks that it starts.
    counts: Vec<u32>,
    objects: Vec<Object>,
}

/// An object as it is counted.
struct Count {
    own: Vec<u32>,
    witnesses: Vec<u32>,
    written: bool,
}

impl Sketch {
    /// Steps of the run.
    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }

    /// Objects that a strategy may single out.
    pub(crate) fn objects(&self) -> usize {
        self.objects.len()
    }

    /// How far an execution may be longer than the run before a fair policy takes over.
    pub(crate) fn patience(&self) -> u32 {
        self.steps.saturating_mul(4).saturating_add(64)
    }

    /// What is known of each task, perhaps with an object of interest.
    pub(crate) fn forecasts(&self, object: Option<usize>) -> impl ExactSizeIterator<Item = Forecast> {
        let object = object.map(|index| &self.objects[index]);
        self.counts.iter().enumerate().map(move |(task, &total)| Forecast {
            total,
            keen: object.map_or(0, |object| object.counts[task]),
            witness: object.map_or(u32::MAX, |object| object.witnesses[task]),
        })
    }

    /// The run that the kernel has just recorded.
    fn of(kernel: &Kernel) -> Sketch {
        let tasks = kernel.tasks as usize;
        let mut own = vec![0_u32; tasks];
        let mut parents = vec![usize::MAX; tasks];
        let mut index = FxHashMap::default();
        let mut objects: Vec<Count> = Vec::new();
        let lives = Lives::of(kernel);
        for (step, event) in kernel.events().iter().enumerate() {
            if !event.choice.outcome().is_run() {
                continue;
            }
            let task = Choice::task(event.choice);
            if event.kind == Kind::Spawn && event.done && (event.value as usize) < tasks {
                parents[event.value as usize] = task;
            }
            if event.object != 0 && is_eligible(event.kind) {
                let life = lives.at(event.space, event.object, step);
                let at = *index.entry((event.space, event.object, life)).or_insert(objects.len());
                if at == objects.len() {
                    let (own, witnesses) = (vec![0; tasks], vec![u32::MAX; tasks]);
                    objects.push(Count { own, witnesses, written: false });
                }
                let object = &mut objects[at];
                object.own[task] += 1;
                object.written |= event.kind != Kind::Read;
                object.witnesses[task] = object.witnesses[task].min(own[task]);
            }
            own[task] += 1;
        }
        let shared = |object: &Count| object.written && object.own.iter().filter(|&&n| n > 0).count() > 1;
        let objects = objects.into_iter().filter(shared).map(|object| Object {
            counts: with_descendants(object.own, &parents),
            witnesses: object.witnesses,
        });
        let objects = objects.collect();
        Sketch { steps: kernel.steps, counts: with_descendants(own, &parents), objects }
    }
}

/// Adds to each task's count those of the tasks that it starts. A task has a higher
/// number than the one that starts it.
fn with_descendants(mut counts: Vec<u32>, parents: &[usize]) -> Vec<u32> {
    for task in (0..counts.len()).rev() {
        if parents[task] < task {
            counts[parents[task]] = counts[parents[task]].saturating_add(counts[task]);
        }
    }
    counts
}
