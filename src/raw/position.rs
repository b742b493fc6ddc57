//! A place in an endless row of items, in one word that can be published by one store.
//!
//! Called by [`RawQueue`](super::RawQueue), whose two ends are positions, and by what lays
//! the items out in memory, to whom the place belongs.
//!
//! | bits | what they are |
//! |---|---|
//! | 32 to 63 | how many items lie before it, modulo 2^32 |
//! | 2 to 31 | where in memory it is, in units of whoever lays the items out |
//! | 1 | [`AWAITED`]: somebody sleeps, or is about to, until the end moves on |
//! | 0 | [`CLOSED`]: it never moves on again |
//!
//! 1. Number and place always change together. So there is no moment, and no death, at which
//!    they disagree.
//!
//! When a process dies here, the word holds the old position or the new one.

/// Somebody sleeps, or is about to, until this end of the queue moves on.
pub(super) const AWAITED: u64 = 2;
/// This end of the queue never moves on again.
pub(super) const CLOSED: u64 = 1;

/// One end of a queue: how many items lie before it, and where in memory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(u64);

impl Position {
    /// The position before the first item.
    pub const START: Position = Position(0);
    /// Places are below this.
    pub const PLACES: u32 = 1 << 30;

    /// The position that a word holds, without its marks.
    #[inline(always)]
    pub(crate) fn of(word: u64) -> Position {
        Position(word & !(AWAITED | CLOSED))
    }

    /// `number` items lie before it, at `place`.
    #[inline(always)]
    #[must_use]
    pub fn new(number: u32, place: u32) -> Position {
        debug_assert!(place < Position::PLACES, "places have 30 bits");
        Position(u64::from(number) << 32 | u64::from(place) << 2)
    }

    /// The position as a word without marks.
    #[inline(always)]
    pub(crate) fn word(self) -> u64 {
        self.0
    }

    /// How many items lie before it, modulo 2^32.
    #[inline(always)]
    #[must_use]
    pub fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Where in memory it is.
    #[inline(always)]
    #[must_use]
    pub fn place(self) -> u32 {
        self.0 as u32 >> 2
    }

    /// The position one item further, at `place`.
    #[inline(always)]
    #[must_use]
    pub fn next(self, place: u32) -> Position {
        Position::new(self.number().wrapping_add(1), place)
    }

    /// How many items lie between an earlier position and this one.
    #[inline(always)]
    #[must_use]
    pub fn since(self, earlier: Position) -> u32 {
        self.number().wrapping_sub(earlier.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_place_do_not_touch_each_other_or_the_marks() {
        let mut position = Position::START;
        for _ in 0..5 {
            position = position.next(Position::PLACES - 1);
        }
        assert_eq!((position.number(), position.place()), (5, Position::PLACES - 1));
        assert_eq!(Position::of(position.word() | AWAITED | CLOSED), position);
        assert_eq!(position.next(3).since(position), 1);
    }

    #[test]
    fn numbers_wrap_around() {
        let last = Position(u64::from(u32::MAX) << 32);
        assert_eq!(last.next(7).number(), 0);
        assert_eq!(last.next(7).since(last), 1);
    }
}
