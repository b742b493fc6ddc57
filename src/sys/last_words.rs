//! What a child said as it panicked, kept for its parent.
//!
//! Called by [`process`](super::process) on both sides of a fork.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | the child has said nothing |
//! | n + 1 | the first n bytes that follow are what it said |
//!
//! 1. The child writes once, the bytes before the word.
//!
//! Orderings: the word is written with release and read with acquire, so that who sees
//! it sees the bytes.
//!
//! When the child dies before the word is written, it has said nothing.

use super::memory::Mapping;
use std::any::Any;
use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};

/// How many bytes of a message are kept.
const ROOM: usize = 1024;
const WORD: usize = size_of::<u32>();

/// Memory that a child shares with its parent, for one message.
#[derive(Debug)]
pub(super) struct LastWords(Mapping);

/// The text of a panic; empty if its payload is none.
pub(super) fn of_panic(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

impl LastWords {
    pub(super) fn new() -> io::Result<LastWords> {
        Mapping::shared(WORD + ROOM).map(LastWords)
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: the mapping begins with this word, aligned and zeroed, and lives as
        // long as self.
        unsafe { &*self.0.base().cast::<AtomicU32>() }
    }

    /// In the child: leaves `text`, or as much of it as there is room for.
    pub(super) fn write(&self, text: &str) {
        let kept = &text[..text.floor_char_boundary(ROOM)];
        // SAFETY: `kept` fits behind the word, and nobody reads the bytes before the
        // word says that they are there (invariant 1).
        unsafe { self.0.base().add(WORD).copy_from_nonoverlapping(kept.as_ptr(), kept.len()) };
        self.word().store(kept.len() as u32 + 1, Release);
    }

    /// In the parent: what the child left.
    pub(super) fn read(&self) -> Option<String> {
        let len = self.word().load(Acquire).checked_sub(1)? as usize;
        // SAFETY: the word says that so many bytes were written, and nobody writes again
        // (invariant 1). A child gone wild may have written anything there, hence the bound.
        let bytes = unsafe { std::slice::from_raw_parts(self.0.base().add(WORD), len.min(ROOM)) };
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_read() {
        let words = LastWords::new().unwrap();
        assert_eq!(words.read(), None);
        words.write("too late");
        assert_eq!(words.read().as_deref(), Some("too late"));
    }

    #[test]
    fn only_whole_characters_of_long_words_are_kept() {
        let words = LastWords::new().unwrap();
        words.write(&"\u{e4}\u{20ac}".repeat(500));
        let kept = words.read().unwrap();
        assert!(kept.len() <= ROOM && kept.len() > ROOM - 4);
        assert!(kept.chars().all(|c| c == '\u{e4}' || c == '\u{20ac}'));
    }
}
