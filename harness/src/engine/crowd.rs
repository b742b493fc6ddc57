//! A heap in which the next blocks lie elsewhere than they would: what an address decides
//! comes out in another way.
//!
//! Called by the engines before a program is set up and where its tasks begin, if the plan of
//! the execution wants it: when a schedule is run again to see whether it is the same.
//!
//! An allocator gives out the same blocks in each execution, as a rule, and a program that
//! looks at one bit of an address does the same each time. So all free small blocks are taken,
//! and then as much as it needs for the next one to lie at a certain place within its page.
//! Between two crowds whose places differ by a power of two, one bit of every address differs
//! for certain, and among all of them each bit of a small block does, as a rule. Pages behind
//! that do the same for the bits above, and for large blocks that come from the same heap; those
//! that are mapped lie below a [gap](super::gap).
//!
//! 1. Only addresses depend on it. With an allocator that does not cut small blocks from a
//!    common rest, one after the other, fewer of their bits change.
//!
//! When a process dies here, its heap is gone with it.

/// Pieces that are taken as a crowd: it lasts until they are dropped.
pub(crate) struct Crowd {
    pieces: Vec<Vec<u8>>,
}

/// Where in their page the next blocks lie, in units: no place, and one for each bit.
const PLACES: [usize; 9] = [0, 1, 2, 4, 8, 16, 32, 64, 128];
/// Blocks begin at multiples of so many bytes.
const UNIT: usize = 16;
/// What an allocator adds to a block, in bytes.
const HEAD: usize = 8;
/// The sizes of blocks that are taken, as those that are cut to whole units.
const SMALLEST: usize = 2 * UNIT - HEAD;
const LARGEST: usize = 32 * UNIT - HEAD;
/// So many larger sizes are, each twice the one before.
const ROUGH: u32 = 8;
/// An allocator keeps no pieces of this size at hand.
const GROWN: usize = 2048;
/// How many blocks of one size are taken at most.
const MOST: usize = 200;
/// So many blocks in a row have no hole between them by chance; an allocator keeps fewer of a
/// size at hand, which may have been one after the other.
const RUN: usize = 20;
/// How many bits the larger of two blocks of pages has more than the smaller one: an allocator
/// that maps it at a place of its own leaves the smaller one where it belongs.
const LARGE: u32 = 6;
/// Attempts to find the place.
const ATTEMPTS: usize = 4;

impl Crowd {
    /// How many different crowds there are; their numbers are from 1.
    pub(crate) const COUNT: u8 = PLACES.len() as u8;

    /// The crowd with this number; none for 0.
    pub(super) fn gather(number: u8) -> Option<Crowd> {
        let place = *PLACES.get(usize::from(number).checked_sub(1)?)?;
        let mut pieces: Vec<Vec<u8>> = Vec::with_capacity(1 << 13);
        // Large ones first: small ones would be cut from them.
        let rough = (0..ROUGH).rev().map(|power| ((2 * UNIT * UNIT) << power) - HEAD);
        for size in rough.chain((SMALLEST..LARGEST + UNIT).step_by(UNIT).rev()) {
            let before = pieces.len();
            while pieces.len() - before < MOST && !follow(&pieces[before..], size) {
                pieces.push(Vec::with_capacity(size));
            }
        }
        let page = PLACES[PLACES.len() - 1] * 2;
        for _ in 0..ATTEMPTS {
            pieces.push(Vec::with_capacity(SMALLEST));
            let last = pieces[pieces.len() - 1].as_ptr() as usize / UNIT;
            let missing = place.wrapping_sub(last) % page;
            if missing == 0 {
                break;
            }
            // The last piece has two units, and so has the one that shall lie at the place.
            let gap = if missing < 4 { missing + page - 2 } else { missing - 2 };
            pieces.push(Vec::with_capacity(gap * UNIT - HEAD));
        }
        // The same for the pages behind: where the first crowd has none, each other one has as many
        // more as one bit says, and once more for blocks that are as large as that.
        let pages = place * page * UNIT;
        for size in [pages, pages << LARGE].into_iter().filter(|&size| size > 0) {
            let mut block = Vec::new();
            // Where there is no room for it, some bits stay as they are.
            if block.try_reserve_exact(size - HEAD).is_ok() {
                pieces.push(block);
            }
        }
        Some(Crowd { pieces })
    }

    /// Ends the crowd and gives its memory back for any use. The allocator of the C library
    /// would keep small pieces at hand, some of each size, and every process that is forked
    /// from then on would pay for the pages on which they lie. So each grows into what lies
    /// behind it, which is free by then as a rule, and is no small one any more.
    pub(super) fn disperse(mut self) {
        self.pieces.sort_unstable_by_key(|piece| piece.as_ptr());
        while let Some(mut piece) = self.pieces.pop() {
            piece.reserve_exact(GROWN);
            drop(std::hint::black_box(piece));
        }
    }
}

/// Whether the last blocks of this size follow each other: no hole is left that they fit in.
fn follow(pieces: &[Vec<u8>], size: usize) -> bool {
    let address = |piece: &Vec<u8>| piece.as_ptr() as usize;
    let follows = |pair: &[Vec<u8>]| {
        let apart = address(&pair[1]).checked_sub(address(&pair[0]));
        apart.is_some_and(|apart| apart <= size + UNIT)
    };
    pieces.len() > RUN && pieces[pieces.len() - RUN..].windows(2).all(follows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusty_fork::rusty_fork_test;

    /// The addresses of the next blocks of this size in each of the crowds.
    fn addresses(size: usize) -> Vec<usize> {
        let of = |number| {
            let _crowd = Crowd::gather(number);
            let _before = [Vec::<u8>::with_capacity(40), Vec::with_capacity(100)];
            let block = std::hint::black_box(Vec::<u8>::with_capacity(size));
            block.as_ptr() as usize
        };
        (1..=Crowd::COUNT).map(of).collect()
    }

    rusty_fork_test! {
        #![rusty_fork(timeout_ms = 600_000)]

        // In a process of its own: the tests beside it take and give blocks of the same heap.
        #[test]
        fn each_low_bit_differs_in_two_crowds() {
            for size in [8, 24, 48] {
                let all = addresses(size);
                let (ones, zeros) =
                    all.iter().fold((0, 0), |(ones, zeros), address| (ones | address, zeros | !address));
                assert_eq!((ones & zeros) & 0xFF0, 0xFF0, "{size}: {all:x?}");
            }
        }
    }
}
