//! Which programs have the same code at the same place, so that the address of a function
//! means the same to all of them.
//!
//! Called by `server` and by the proxies of pools.
//!
//! 1. Processes that were forked from one another are of one family. One that was executed
//!    anew is not, as its code lies elsewhere; where it lies at the same place by accident,
//!    from the same file, it is right to call it one.
//!
//! When a process dies here, nothing is left behind.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;

/// A number for the calling process's code and where it lies.
pub(super) fn family() -> u64 {
    let mut hasher = DefaultHasher::new();
    (family as fn() -> u64 as usize).hash(&mut hasher);
    // Where nobody can tell, the place alone must do.
    if let Ok(file) = std::fs::metadata("/proc/self/exe") {
        (file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()).hash(&mut hasher);
    }
    hasher.finish()
}
