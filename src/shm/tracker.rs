//! Finds and removes the named segments that dead programs left behind.
//!
//! Called by whoever wants to know, and by each program before it makes its first named
//! segment: what one program leaves, the next one removes.
//!
//! | its program | somebody has it open | it is to be kept | the segment |
//! |---|---|---|---|
//! | alive | | | stays |
//! | dead | yes | | stays |
//! | dead | no | yes | stays |
//! | dead | no | no | is removed |
//!
//! 1. A program is known by pid, start time and pid namespace, so that a pid that is used
//!    again deceives nobody. All processes that it forked belong to it: a segment that a
//!    child made stays when the child ends, and there is no server that could be killed.
//! 2. Who has a segment open has a lock on it, which the kernel takes back at any death.
//! 3. Only segments with a header of this version are judged.
//!
//! When a process dies here, what it has removed is removed, and the rest is for the next
//! one.

use super::header::{CONTENT, Header};
use crate::Error;
use crate::sys::object;
use std::fmt;
use std::sync::Once;

/// What [`sweep`] removed: the names of segments, in alphabetical order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The names.
    pub removed: Vec<String>,
}

/// Removes the segments of programs that ended without having removed them, unless
/// somebody has them open or they are [to be kept](super::SharedMemory::keep).
///
/// Each program does so before it makes its first named segment.
///
/// ```
/// let swept = selvedge::shm::sweep()?;
/// println!("{swept}"); // For example: 2 leaked segments were removed: one, two
/// # Ok::<(), selvedge::Error>(())
/// ```
///
/// # Errors
/// [`Error::Os`] if the directory cannot be read, or a segment not be removed.
#[doc(alias = "resource_tracker")]
pub fn sweep() -> Result<Swept, Error> {
    let mut names = object::names().map_err(Error::os("read the directory of segments"))?;
    names.sort_unstable();
    let mut swept = Swept::default();
    for name in names {
        let removed = object::remove_if(&name, leaked).map_err(Error::os("remove a leaked segment"))?;
        if removed {
            swept.removed.push(name);
        }
    }
    Ok(swept)
}

/// What each program does first.
pub(super) fn sweep_once() {
    static FIRST: Once = Once::new();
    // What cannot be removed is in nobody's way.
    FIRST.call_once(|| drop(sweep()));
}

fn leaked(start: &[u8; CONTENT]) -> bool {
    Header::read(start).is_some_and(|header| header.is_ours() && !header.kept && !header.program.is_alive())
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.removed.as_slice() {
            [] => f.write_str("no leaked segments"),
            [one] => write!(f, "1 leaked segment was removed: {one}"),
            many => write!(f, "{} leaked segments were removed: {}", many.len(), many.join(", ")),
        }
    }
}
