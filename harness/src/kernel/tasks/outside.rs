//! Waits outside of the tasks: in `finally`, a label, the set-up, the state's destructor.
//!
//! There nobody schedules, and usually nobody else runs: who waits for a lock then waits
//! for ever. So a wait of the `Checked` platform in such a part of a program is a finding
//! that names the operation, and time that is waited for has passed at once.
//!
//! | the part has started | a wait without end | a wait with a deadline |
//! |---|---|---|
//! | nobody | is a finding at once | has timed out at once |
//! | threads or processes | is a finding after [`PATIENCE`] | takes its time |
//!
//! 1. Each thread has a part of its own; one that the program started there has none.
//!
//! When a process dies here, nothing is left.

use super::panic;
use selvedge::platform::Op;
use selvedge::sys::clock;
use std::cell::Cell;
use std::panic::Location;

/// How long a wait may take where somebody could end it, in nanoseconds.
const PATIENCE: u64 = 10_000_000_000;

thread_local! {
    static PART: Cell<Option<&'static str>> = const { Cell::new(None) };
    static HELPED: Cell<bool> = const { Cell::new(false) };
}

/// From now on this thread runs this part of a program; `None` for tasks and for nothing.
pub(crate) fn set_part(part: Option<&'static str>) {
    PART.set(part);
    HELPED.set(false);
}

/// This part of the program starts somebody.
pub(in crate::kernel) fn note_helper() {
    HELPED.set(true);
}

/// Whether code waits where nobody else runs: outside of tasks, and all by itself.
pub(in crate::kernel) fn is_alone() -> bool {
    PART.get().is_some() && !HELPED.get()
}

/// The deadline of a wait that has none, if it happens outside of tasks.
pub(in crate::kernel) fn patience() -> Option<u64> {
    PART.get().map(|_| clock::monotonic().saturating_add(if HELPED.get() { PATIENCE } else { 0 }))
}

/// Ends the running part of the program: it waits for what nobody will ever do.
#[cold]
pub(in crate::kernel) fn accuse(op: &Op) -> ! {
    accuse_at(op.name, op.site)
}

/// The same, of an operation with this name and source line.
#[cold]
pub(in crate::kernel) fn accuse_at(name: &str, site: &'static Location<'static>) -> ! {
    let part = PART.get().unwrap_or("the program");
    let text = format!("{part} waits for ever: {name} ({site}), and nobody is left to end that wait");
    if std::thread::panicking() {
        // A destructor that runs because of a panic may not panic itself.
        let text = format!("selvedge: {text}, while it unwinds from a panic\n");
        let _ = nix::unistd::write(std::io::stderr(), text.as_bytes());
        selvedge::sys::process::exit_now(101);
    }
    panic::unwind_with(text, site)
}
