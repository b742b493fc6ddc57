//! What a child said as it panicked, kept for its parent.
//!
//! Called by [`process`](super::process) on both sides of a fork.
//!
//! A process shares one piece of memory with all of its children, with a place for the
//! words of each; to map one for each child would cost more than all the rest of a start.
//!
//! | word of a place | meaning |
//! |---|---|
//! | 0 | the child has said nothing |
//! | n + 1 | the first n bytes that follow are what it said |
//!
//! 1. A place belongs to one child at a time: from before it is forked until its handle
//!    is dropped. If all are taken, the words of further children are not kept.
//! 2. The child writes once, the bytes before the word.
//! 3. A forked child has memory of its own for its own children: its copy of which places
//!    are free says nothing about its parent's.
//!
//! Orderings: the word is written with release and read with acquire, so that who sees it
//! sees the bytes. A place is taken with acquire and given back with release.
//!
//! When the child dies before the word is written, it has said nothing. One that runs on
//! after its handle was dropped, and then panics, would write into a place that is another
//! child's by now: it finds the place's number of use changed, and says nothing.

use super::memory::Mapping;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

/// How many bytes of a message are kept.
const ROOM: usize = 1024;
const HEAD: usize = 2 * size_of::<u32>();
const PLACES: usize = 64;

/// The memory of one process for the words of its children.
struct Board {
    owner: u32,
    /// A bit for each place that is taken.
    taken: AtomicU64,
    memory: Mapping,
}

/// The board of this process, or of the one that it is a copy of. Boards are never freed:
/// there is one for each process that ever forks.
static BOARD: AtomicPtr<Board> = AtomicPtr::new(ptr::null_mut());

/// A place for one child's words, if there was one.
#[derive(Debug)]
pub(super) struct LastWords(Option<Place>);

#[derive(Debug)]
struct Place {
    board: &'static Board,
    index: usize,
    /// Which use of the place this is.
    turn: u32,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Board of {}", self.owner)
    }
}

/// The board of the calling process; `None` if there is no memory for one.
fn board() -> Option<&'static Board> {
    let me = std::process::id();
    let found = BOARD.load(Acquire);
    // SAFETY: a board is never freed, and was written before it was put there.
    if let Some(board) = unsafe { found.as_ref() }
        && board.owner == me
    {
        return Some(board);
    }
    let memory = Mapping::shared(PLACES * (HEAD + ROOM)).ok()?;
    let new = Box::into_raw(Box::new(Board { owner: me, taken: AtomicU64::new(0), memory }));
    match BOARD.compare_exchange(found, new, AcqRel, Acquire) {
        // SAFETY: as above; the new board is now there for good.
        Ok(_) => Some(unsafe { &*new }),
        Err(other) => {
            // SAFETY: nobody else has seen the new board. The other one is as above, and
            // another thread of this process made it.
            unsafe {
                drop(Box::from_raw(new));
                Some(&*other)
            }
        }
    }
}

impl Place {
    fn take() -> Option<Place> {
        let board = board()?;
        let mut taken = board.taken.load(Relaxed);
        let index = loop {
            let index = (!taken).trailing_zeros() as usize;
            if index == PLACES {
                return None;
            }
            match board.taken.compare_exchange_weak(taken, taken | 1 << index, Acquire, Relaxed) {
                Ok(_) => break index,
                Err(now) => taken = now,
            }
        };
        let mut place = Place { board, index, turn: 0 };
        place.turn = place.turns().load(Relaxed);
        Some(place)
    }

    fn at(&self) -> *mut u8 {
        // SAFETY: an index below `PLACES` lies inside the mapping.
        unsafe { self.board.memory.base().add(self.index * (HEAD + ROOM)) }
    }

    fn word(&self) -> &AtomicU32 {
        // SAFETY: a place begins with this word, aligned and zeroed at first, and the
        // mapping lives for ever.
        unsafe { &*self.at().cast::<AtomicU32>() }
    }

    /// Counts the uses of the place.
    fn turns(&self) -> &AtomicU32 {
        // SAFETY: as above; it is the second word.
        unsafe { &*self.at().add(size_of::<u32>()).cast::<AtomicU32>() }
    }
}

impl LastWords {
    pub(super) fn new() -> LastWords {
        LastWords(Place::take())
    }

    /// In the child: leaves `text`, or as much of it as there is room for.
    pub(super) fn write(&self, text: &str) {
        let Some(place) = self.0.as_ref().filter(|place| place.turns().load(Relaxed) == place.turn) else {
            return;
        };
        let kept = &text[..text.floor_char_boundary(ROOM)];
        // SAFETY: `kept` fits behind the head, and nobody reads the bytes before the
        // word says that they are there (invariant 2).
        unsafe { place.at().add(HEAD).copy_from_nonoverlapping(kept.as_ptr(), kept.len()) };
        place.word().store(kept.len() as u32 + 1, Release);
    }

    /// In the parent: what the child left.
    pub(super) fn read(&self) -> Option<String> {
        let place = self.0.as_ref()?;
        let len = place.word().load(Acquire).checked_sub(1)? as usize;
        let mut bytes = vec![0; len.min(ROOM)];
        // SAFETY: so many bytes lie behind the head. Copied, because a child gone wild may
        // write there at any time.
        unsafe { place.at().add(HEAD).copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        // A copy that came with a fork gives nothing back.
        if let Some(place) = &self.0
            && place.board.owner == std::process::id()
        {
            place.turns().fetch_add(1, Relaxed);
            // What was said is wiped out only if there was anything, because a page that
            // nobody wrote to costs nothing.
            if place.word().load(Relaxed) != 0 {
                place.word().store(0, Relaxed);
            }
            place.board.taken.fetch_and(!(1 << place.index), Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_read() {
        let words = LastWords::new();
        assert_eq!(words.read(), None);
        words.write("too late");
        assert_eq!(words.read().as_deref(), Some("too late"));
    }

    #[test]
    fn only_whole_characters_of_long_words_are_kept() {
        let words = LastWords::new();
        words.write(&"\u{e4}\u{20ac}".repeat(500));
        let kept = words.read().unwrap();
        assert!(kept.len() <= ROOM && kept.len() > ROOM - 4);
        assert!(kept.chars().all(|c| c == '\u{e4}' || c == '\u{20ac}'));
    }

    #[test]
    fn a_place_is_used_again_but_not_by_who_had_it_before() {
        let first = LastWords::new();
        let place = first.0.as_ref().unwrap();
        let late = LastWords(Some(Place { board: place.board, index: place.index, turn: place.turn }));
        first.write("first");
        drop(first);
        late.write("late");
        assert_eq!(late.read(), None);
        std::mem::forget(late);
    }
}
