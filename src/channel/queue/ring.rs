//! Messages of any length in a row, in memory that is used again and again, and in more of
//! it when there is need.
//!
//! Called by [`fifo`](super::fifo), under the locks of a
//! [`RawQueue`](crate::raw::RawQueue): what is written here becomes true when a position
//! moves, and not before.
//!
//! ```text
//!  unit   0            8         n          2n            3n+...
//!         | header | payload ... | jump ->  |  next ring, twice as large  ...
//! ```
//!
//! The memory is a chain of rings, each twice as large as the one before. A ring is left for
//! the next one when it has no room, and never used again; so a queue grows with the longest
//! backlog that it had. A queue of fixed size is a chain of one.
//!
//! | header, upper half | lower half | meaning |
//! |---|---|---|
//! | 0 | a length in bytes | the payload follows, padded to 8 bytes |
//! | 1 | a place | the row goes on there: at the start of this ring or of a later one |
//!
//! 1. Places count units of 8 bytes from the start of the memory.
//! 2. A message is contiguous: one that does not fit before the end of a ring goes to a
//!    start.
//! 3. Behind the last message there is always room for a header, so that a jump can be
//!    written; so tail and head are at one place only if there is no message.
//! 4. A message of at most half the last ring, less two units, has room in an empty row,
//!    wherever that ends.
//!
//! **When a process dies here**, it has written behind the tail, where nothing is, or read
//! before the head moved. Nothing has to be put in order.

use crate::raw::Position;
use crate::sys::prefetch;

/// Bytes of a unit.
pub(super) const UNIT: usize = 8;
const JUMP: u64 = 1 << 32;
/// How far ahead of a message memory is asked for, in bytes: some short messages. Whoever gets
/// has read all of it before, unless the row is nearly full.
const AHEAD: usize = 256;

/// How the memory is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Shape {
    /// Units of the first ring. A power of two if there are more.
    first: u32,
    /// How many rings there are.
    rings: u32,
    /// The longest message that always finds room, in bytes.
    largest: u64,
}

/// Units of a message with its header.
#[inline(always)]
pub(super) fn units(bytes: usize) -> usize {
    1 + bytes.div_ceil(UNIT)
}

impl Shape {
    /// One ring in which `count` messages of `bytes` bytes always have room; `None` if no
    /// ring is that large.
    pub(super) fn fixed(count: usize, bytes: usize) -> Option<Shape> {
        // One message more, because a message must not end where the first one begins, and
        // a header for the jump.
        let needed = units(bytes).checked_mul(count.checked_add(1)?)?.checked_add(1)?;
        let first = u32::try_from(needed).ok().filter(|&needed| needed < Position::PLACES)?;
        Some(Shape { first, rings: 1, largest: bytes as u64 })
    }

    /// Rings that take no more than `bytes` bytes together, of which the first is small.
    pub(super) fn growing(bytes: usize) -> Shape {
        let units = (bytes / UNIT).clamp(8, Position::PLACES as usize - 1) as u32;
        // At most 4 KiB at first, and the last ring is half of everything.
        let rings = (units / 512 + 1).ilog2().max(1);
        let first = 1 << (units / ((1 << rings) - 1)).ilog2();
        let last = (first as usize) << (rings - 1);
        Shape { first, rings, largest: ((last / 2).saturating_sub(3) * UNIT) as u64 }
    }

    /// Bytes of all rings.
    pub(super) fn size(self) -> usize {
        self.first as usize * ((1_usize << self.rings) - 1) * UNIT
    }

    /// The longest message that always finds room, in bytes.
    #[inline(always)]
    pub(super) fn largest(self) -> usize {
        self.largest as usize
    }

    #[inline(always)]
    fn ring_of(self, place: u32) -> u32 {
        if self.rings == 1 { 0 } else { (place >> self.first.trailing_zeros()).wrapping_add(1).ilog2() }
    }

    /// Where a ring begins and ends.
    #[inline(always)]
    fn bounds(self, ring: u32) -> (u32, u32) {
        let start = self.first * ((1 << ring) - 1);
        (start, start + (self.first << ring))
    }
}

/// The memory of a row and how it is divided.
#[derive(Clone, Copy)]
pub(super) struct Ring {
    base: *mut u8,
    shape: Shape,
}

impl Ring {
    /// The row in the memory at `base`.
    ///
    /// # Safety
    /// There are `shape.size()` bytes at `base`, aligned to 8 and zeroed before first use,
    /// used as this row only and for as long as this exists.
    #[inline(always)]
    pub(super) unsafe fn new(base: *mut u8, shape: Shape) -> Ring {
        Ring { base, shape }
    }

    /// Room for a message of `bytes` bytes behind `tail` and not before `head`: where its
    /// payload goes, and the place after it. May grow into the next ring only if `grow`.
    ///
    /// The caller has the lock of those who put.
    #[inline(always)]
    pub(super) fn claim(
        self,
        tail: Position,
        head: Position,
        bytes: usize,
        grow: bool,
    ) -> Option<(*mut u8, u32)> {
        let length = units(bytes) as u32;
        let (at, head) = (tail.place(), head.place());
        let ring = self.shape.ring_of(at);
        let (start, end) = self.shape.bounds(ring);
        let fits = match head {
            // All of it lies before the first message, which is in this ring too.
            _ if at < head => length < head - at,
            _ => length < end - at,
        };
        let place = if fits { at } else { self.elsewhere(at, head, length, (ring, start), grow)? };
        self.write(place, bytes as u64);
        prefetch::for_writing(self.base.wrapping_add(place as usize * UNIT + AHEAD));
        // SAFETY: the message lies within the ring, as was just found out.
        Some((unsafe { self.base.add((place as usize + 1) * UNIT) }, place + length))
    }

    /// Room at the start of this ring or of a later one, and a jump to there.
    #[cold]
    fn elsewhere(
        self,
        at: u32,
        head: u32,
        length: u32,
        (ring, start): (u32, u32),
        grow: bool,
    ) -> Option<u32> {
        let wraps = (start..=at).contains(&head) && length < head - start;
        let place = if wraps {
            start
        } else if grow {
            let larger = (ring + 1..self.shape.rings).map(|ring| self.shape.bounds(ring));
            larger.filter(|(start, end)| length < end - start).map(|(start, _)| start).next()?
        } else {
            return None;
        };
        self.write(at, JUMP | u64::from(place));
        Some(place)
    }

    /// The first message behind `head`, which is there: its payload and the place after it.
    ///
    /// The caller has the lock of those who get.
    #[inline(always)]
    pub(super) fn first(self, head: Position) -> (*const u8, usize, u32) {
        let mut place = head.place();
        let mut header = self.read(place);
        while header & JUMP != 0 {
            place = header as u32;
            header = self.read(place);
        }
        let bytes = header as u32 as usize;
        // SAFETY: a header says where its message is, which lies within the ring.
        (unsafe { self.base.add((place as usize + 1) * UNIT) }, bytes, place + units(bytes) as u32)
    }

    #[inline(always)]
    fn write(self, place: u32, header: u64) {
        debug_assert!((place as usize) < self.shape.size() / UNIT, "outside the memory");
        // SAFETY: a place within the memory; the caller's lock keeps others away.
        unsafe { self.base.cast::<u64>().add(place as usize).write(header) };
    }

    #[inline(always)]
    fn read(self, place: u32) -> u64 {
        debug_assert!((place as usize) < self.shape.size() / UNIT, "outside the memory");
        // SAFETY: as in `write`.
        unsafe { self.base.cast::<u64>().add(place as usize).read() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Puts and gets messages of random lengths, with a model beside it.
    fn run(shape: Shape, lengths: impl Fn(u64) -> usize, most: usize) -> (usize, u32) {
        let mut memory = vec![0_u64; shape.size() / UNIT];
        // SAFETY: the memory is as large as the shape says and used for nothing else.
        let ring = unsafe { Ring::new(memory.as_mut_ptr().cast(), shape) };
        let (mut tail, mut head) = (Position::START, Position::START);
        let mut model: VecDeque<(usize, u8)> = VecDeque::new();
        let (mut random, mut longest, mut refused) = (7_u64, 0, 0);
        for round in 0..20_000_u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let bytes = lengths(random >> 33);
            if (random >> 20) & 3 != 0 && model.len() < most {
                match ring.claim(tail, head, bytes, true) {
                    Some((payload, next)) => {
                        // SAFETY: the payload is `bytes` long.
                        unsafe { payload.write_bytes(round as u8, bytes) };
                        tail = tail.next(next);
                        model.push_back((bytes, round as u8));
                    }
                    None => {
                        assert!(!model.is_empty(), "an empty row has no room for {bytes} bytes");
                        refused += 1;
                    }
                }
            } else if let Some((bytes, fill)) = model.pop_front() {
                let (payload, found, next) = ring.first(head);
                // SAFETY: the message lies there.
                let payload = unsafe { std::slice::from_raw_parts(payload, found) };
                assert!(found == bytes && payload.iter().all(|&byte| byte == fill), "round {round}");
                head = head.next(next);
            }
            assert_eq!(tail.since(head) as usize, model.len());
            longest = longest.max(model.len());
        }
        (longest, refused)
    }

    #[test]
    fn a_fixed_ring_always_has_room_for_its_count() {
        for (count, bytes) in [(1, 0), (1, 64), (2, 1), (3, 8), (7, 100)] {
            let shape = Shape::fixed(count, bytes).unwrap();
            assert_eq!(run(shape, |_| bytes, count), (count, 0));
        }
    }

    #[test]
    fn messages_of_all_lengths_come_out_as_they_went_in() {
        for bytes in [64, 512, 4096, 100_000] {
            let shape = Shape::growing(bytes);
            assert!(shape.size() <= bytes, "{shape:?} is larger than {bytes}");
            let largest = shape.largest() as u64;
            let (longest, refused) = run(shape, |random| (random % (largest + 1)) as usize, 1000);
            assert!(longest > 1 && refused > 0, "{shape:?}: {longest} {refused}");
        }
    }

    #[test]
    fn a_small_backlog_stays_in_the_first_ring() {
        let shape = Shape::growing(1 << 30);
        assert!(shape.size() > 1 << 28 && shape.first <= 1024, "{shape:?}");
        let mut memory = vec![0_u64; shape.first as usize];
        // SAFETY: only the first ring is used: the claims below stay in it.
        let ring = unsafe { Ring::new(memory.as_mut_ptr().cast(), shape) };
        let (mut tail, mut head) = (Position::START, Position::START);
        for _ in 0..1000 {
            tail = tail.next(ring.claim(tail, head, 100, true).unwrap().1);
            head = head.next(ring.first(head).2);
            assert!(tail.place() < shape.first);
        }
    }

    #[test]
    fn what_no_place_can_name_is_no_shape() {
        assert_eq!(Shape::fixed(1 << 20, 1 << 20), None);
        assert_eq!(Shape::fixed(usize::MAX, 8), None);
        assert!(Shape::growing(usize::MAX).size() < 8 << 30);
    }
}
