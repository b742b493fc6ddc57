//! Where two recordings of the same execution differ, in words.

use selvedge_harness::Recording;
use std::fmt::Debug;

/// The first difference between what happened in fibers and what happened in processes.
pub(crate) fn difference(sim: &[Recording], real: &[Recording]) -> Option<String> {
    let mut pairs = sim.iter().zip(real).enumerate();
    let found = pairs.find_map(|(number, (sim, real))| Some((number, between(sim, real)?)));
    let executions = || differs("number of executions", &sim.len(), &real.len());
    found.map(|(number, what)| format!("execution {number} differs: {what}")).or_else(executions)
}

fn between(sim: &Recording, real: &Recording) -> Option<String> {
    if sim == real {
        return None;
    }
    let parts = [
        in_lists("step", &sim.steps, &real.steps),
        in_lists("task", &sim.tasks, &real.tasks),
        in_lists("object", &sim.objects, &real.objects),
        in_lists("choice", &sim.schedule, &real.schedule),
        in_lists("preemption", &sim.preemptions, &real.preemptions),
        differs("verdict", &sim.verdict, &real.verdict),
        differs("label", &sim.label, &real.label),
    ];
    parts.into_iter().flatten().next()
}

fn in_lists<T: PartialEq + Debug>(what: &str, sim: &[T], real: &[T]) -> Option<String> {
    let at = (0..sim.len().max(real.len())).find(|&at| sim.get(at) != real.get(at))?;
    differs(&format!("{what} {at}"), &sim.get(at), &real.get(at))
}

fn differs<T: PartialEq + Debug>(what: &str, sim: &T, real: &T) -> Option<String> {
    (sim != real).then(|| format!("{what}\n  sim  {sim:?}\n  real {real:?}"))
}
