//! What an object without a name is called: after what was done to it, `semaphore`, `event`,
//! `barrier`.
//!
//! Called by the namer, which adds a number. The scheduler knows operations and no primitives;
//! but what a semaphore is asked for is not what a lock is asked for. All operations of an
//! execution count, also those that tasks stood before at its end: an event that is first set
//! looks like a value until somebody waits for it.
//!
//! | operations | noun |
//! |---|---|
//! | arriving, and waiting for the others | barrier |
//! | sleeping and waking | condvar |
//! | putting and getting, and what is done about it | queue |
//! | sending and receiving | channel |
//! | beginning and completing | once |
//! | acquiring permits | semaphore |
//! | taking possession to read, or to write | rwlock |
//! | taking possession in any other way | lock; file, if it is one |
//! | waiting, asking whether it is set, clearing | event |
//! | moving bytes | stream |
//! | inserting and removing, pushing and popping | collection: a map, a vector or an arena |
//! | reading and writing | value |

use crate::kernel::is_file;
use selvedge::platform::Kind;

/// A noun, and how much it says: of two for one object the larger one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Noun {
    weight: u8,
    pub(super) word: &'static str,
}

impl Noun {
    /// What this operation takes its object for.
    pub(super) fn of(kind: Kind, name: &str, address: usize) -> Noun {
        let noun = |weight, word| Noun { weight, word };
        let possession = matches!(kind, Kind::Acquire | Kind::Release | Kind::TryAcquire);
        match (kind, name) {
            _ if possession && is_file(address) => noun(9, "file"),
            (Kind::ReadWrite, "arrive" | "try_arrive") => noun(9, "barrier"),
            // A word on which an implementation sleeps.
            (_, "futex wait" | "futex wake" | "change and wake") => noun(1, "value"),
            (Kind::Park | Kind::Notify, _) => noun(8, "condvar"),
            (Kind::ReadWrite, "put" | "try_put" | "get" | "try_get" | "task_done") => noun(7, "queue"),
            (Kind::ReadWrite, "send" | "try_send" | "recv" | "try_recv") => noun(7, "channel"),
            (Kind::Acquire | Kind::TryAcquire, "begin") => noun(6, "once"),
            (Kind::Acquire | Kind::TryAcquire, "acquire" | "try_acquire") => noun(5, "semaphore"),
            (Kind::Acquire | Kind::TryAcquire, "read" | "try_read" | "write" | "try_write") => {
                noun(5, "rwlock")
            }
            _ if possession => noun(4, "lock"),
            (Kind::Input | Kind::Output, _) => noun(3, "stream"),
            (
                Kind::Write | Kind::ReadWrite,
                "insert" | "remove" | "push" | "pop" | "swap_remove" | "truncate",
            ) => noun(3, "collection"),
            (Kind::Wait, _) | (Kind::Read, "is_set") | (Kind::Write, "clear") => noun(2, "event"),
            (Kind::Read | Kind::Write | Kind::ReadWrite, _) => noun(1, "value"),
            _ => noun(0, "object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_telling_operation_counts() {
        let of = |kind, name| Noun::of(kind, name, 0x10_0000);
        assert!(of(Kind::Write, "set") < of(Kind::Wait, "wait"));
        assert!(of(Kind::Wait, "wait") < of(Kind::ReadWrite, "arrive"));
        assert!(of(Kind::Release, "release") < of(Kind::Acquire, "acquire"));
        assert_eq!(of(Kind::ReadWrite, "fetch_add").word, "value");
        assert_eq!(of(Kind::Read, "get").max(of(Kind::Write, "insert")).word, "collection");
    }
}
