//! The measured programs for loom, for information: its search is exhaustive and has
//! weak memory, so executions a second are no comparison of like with like. It takes
//! five threads at most, which rules out the programs with ten.

use crate::like_std::programs_like_std;
use crate::subject::Subject;
use std::sync::atomic::AtomicU64;

programs_like_std!(loom);

/// Runs up to so many executions and returns how many that were.
pub(crate) fn run(subject: Subject, executions: u64) -> u64 {
    let done = Arc::new(AtomicU64::new(0));
    let mut builder = loom::model::Builder::new();
    builder.max_permutations = Some(executions as usize);
    builder.max_branches = 100_000;
    // The bound is looked at once in so many executions.
    builder.checkpoint_interval = 1;
    let counter = Arc::clone(&done);
    builder.check(move || {
        counter.fetch_add(1, SeqCst);
        once(subject);
    });
    done.load(SeqCst)
}
