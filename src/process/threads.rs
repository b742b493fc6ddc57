//! May a process be forked that has other threads?
//!
//! Asked by [`Process::start`](super::Process::start) before a fork. A fork copies the
//! calling thread only, and memory as it is: a lock that another thread holds at that
//! moment stays locked in the child for ever, and what that thread was writing stays half
//! written. So such a fork is refused unless it is asked for.
//!
//! | the caller is | threads that count |
//! |---|---|
//! | the main thread of a real process | all others of the process, whoever started them |
//! | another thread, or in an exploration | those that this crate started and that have not ended |
//!
//! The second row is for runners of tests: there each test is a thread, and the other ones
//! are none of the program's. A test that starts no threads may fork.
//!
//! When a process dies here, nothing is left behind.

use super::family;
use crate::Error;
use crate::platform::Tasks;
use crate::sys;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

/// Whether forks are allowed whatever threads there are. Relaxed: the flag is all there
/// is to it.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Allows, or forbids again, that this process and the children that it forks from now on
/// are forked while they have other threads. For a single process there is
/// [`Process::despite_threads`](super::Process::despite_threads).
///
/// Whoever allows it answers for the child: it must use nothing that another thread may
/// have held at the moment of the fork. Memory can be allocated and standard output used.
pub fn allow_fork_with_threads(allow: bool) {
    ALLOWED.store(allow, Relaxed);
}

/// Refuses if the process `name` would be forked from a process of several threads.
pub(super) fn check<P: Tasks>(name: &str) -> Result<(), Error> {
    if ALLOWED.load(Relaxed) {
        return Ok(());
    }
    let ours = match P::knows_threads() {
        true => P::running_threads(),
        false => family::current::<P>().running_threads(),
    };
    let all = if P::executes() { sys::thread::others_of_main() } else { 0 };
    match ours.max(all) {
        0 => Ok(()),
        others => Err(Error::ForkWithThreads { name: name.to_owned(), others }),
    }
}
