//! Numbers as the bytes that they are: to encode each of many would cost more than most of
//! what is done with them.
//!
//! Called by pools, whose arguments and results are often long rows of numbers.
//!
//! 1. Both sides decide by the type alone, so that they always agree.
//! 2. The types on the list have no padding, and whatever bytes there are in their place are a
//!    value of theirs.
//! 3. [`Pieces`] is whole when each piece has come once: then all of its numbers were written.
//!
//! When a process dies here, nothing is left behind.

use std::any::TypeId;

macro_rules! numbers {
    ($($number:ty)*) => {
        /// Whether these are numbers.
        pub(crate) fn are<T: 'static>() -> bool {
            let this = TypeId::of::<T>();
            [$(TypeId::of::<$number>()),*].contains(&this)
        }
    };
}

numbers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

/// The bytes of some numbers, where they lie; none if the items are no numbers.
pub(crate) fn bytes<T: 'static>(items: &[T]) -> Option<&[u8]> {
    // SAFETY: the items are numbers, whose bytes were all written (2).
    are::<T>().then(|| unsafe { std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) })
}

/// The numbers that these bytes are, wherever they lie; none if they cannot be such.
pub(crate) fn read<T: 'static>(bytes: &[u8]) -> Option<impl ExactSizeIterator<Item = T>> {
    if !are::<T>() || !bytes.len().is_multiple_of(size_of::<T>()) {
        return None;
    }
    // SAFETY: each piece is as long as a number, and any bytes are one (2).
    Some(
        bytes
            .chunks_exact(size_of::<T>())
            .map(|piece| unsafe { piece.as_ptr().cast::<T>().read_unaligned() }),
    )
}

/// Room for numbers that come in pieces, in any order, each once. All pieces are of one
/// length but the last, which has the rest.
pub(crate) struct Pieces<T> {
    /// Empty; with room for all once the first has come. Who made the arguments has given
    /// that memory back by then as a rule, and it is used again.
    numbers: Vec<T>,
    total: usize,
    piece: usize,
    came: Vec<bool>,
    missing: usize,
}

impl<T: 'static> Pieces<T> {
    /// Room for `total` items, `piece` at a time; none if they are no numbers.
    pub(crate) fn new(total: usize, piece: usize) -> Option<Pieces<T>> {
        let missing = total.div_ceil(piece);
        let room = || Pieces { numbers: Vec::new(), total, piece, came: vec![false; missing], missing };
        are::<T>().then(room)
    }

    /// Puts a piece in its place; false, and nothing is put, if it has come before or these are
    /// not its bytes.
    pub(crate) fn place(&mut self, piece: usize, bytes: &[u8]) -> bool {
        let start = piece.saturating_mul(self.piece);
        let count = self.piece.min(self.total.saturating_sub(start));
        if self.came.get(piece) != Some(&false) || bytes.len() != count * size_of::<T>() {
            return false;
        }
        self.numbers.reserve_exact(self.total);
        let room = &mut self.numbers.spare_capacity_mut()[start..start + count];
        // SAFETY: the room is as long as the bytes, and they lie elsewhere: it is borrowed from
        // this vector alone.
        unsafe { room.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.came[piece] = true;
        self.missing -= 1;
        true
    }

    /// All the numbers, in their order; none if a piece has not come.
    pub(crate) fn whole(mut self) -> Option<Vec<T>> {
        if self.missing > 0 {
            return None;
        }
        // SAFETY: each piece was written (3), which is all of them, within the capacity; and
        // any bytes are a number (2).
        unsafe { self.numbers.set_len(self.total) };
        Some(self.numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_and_nothing_else_is_taken_for_one() {
        let apart = [&[0], bytes(&[-8_i32, i32::MAX]).unwrap()].concat();
        assert_eq!(read::<i32>(&apart[1..]).unwrap().collect::<Vec<_>>(), [-8, i32::MAX]);
        assert!(read::<i32>(&apart).is_none());
        let [nan, zero] = read::<f64>(bytes(&[f64::NAN, -0.0]).unwrap()).unwrap().collect::<Vec<_>>()[..]
        else {
            panic!("two numbers")
        };
        assert!(nan.is_nan() && zero.is_sign_negative());
        assert!(are::<u8>() && !are::<bool>() && !are::<String>());
        assert!(bytes(&[true]).is_none() && read::<bool>(&[1]).is_none() && read::<()>(&[]).is_none());
    }

    #[test]
    fn pieces_are_put_together_each_once() {
        let mut pieces = Pieces::<u16>::new(5, 2).unwrap();
        assert!(pieces.place(2, bytes(&[5_u16]).unwrap()) && pieces.place(0, bytes(&[1_u16, 2]).unwrap()));
        assert!(!pieces.place(0, bytes(&[8_u16, 8]).unwrap()), "it has come before");
        assert!(!pieces.place(1, bytes(&[8_u16]).unwrap()), "it is too short");
        assert!(!pieces.place(3, &[]), "there is no such piece");
        assert!(pieces.place(1, bytes(&[3_u16, 4]).unwrap()));
        assert_eq!(pieces.whole().unwrap(), [1, 2, 3, 4, 5]);
        assert!(Pieces::<u16>::new(1, 1).unwrap().whole().is_none(), "nothing has come");
        assert_eq!(Pieces::<u16>::new(0, 1).unwrap().whole().unwrap(), []);
        assert!(Pieces::<bool>::new(1, 1).is_none());
    }
}
