//! Numbers travel as their bytes: to encode each of many would cost more than most of what
//! is done with them.
//!
//! Called by [`message`](super::message), on both sides.
//!
//! 1. Both sides decide by the type alone, so that they always agree.
//!
//! When a process dies here, nothing is left behind.

use std::any::{Any, TypeId};
use std::ops::Range;

macro_rules! numbers {
    ($($number:ty)*) => {
        /// Whether these are numbers.
        pub(super) fn are<T: 'static>() -> bool {
            let this = TypeId::of::<T>();
            [$(TypeId::of::<$number>()),*].contains(&this)
        }

        /// Writes some of the items behind what is there; says whether they are numbers.
        #[allow(clippy::ptr_arg, reason = "what has no size cannot be looked at as `Any`")]
        pub(super) fn write<T: 'static>(items: &Vec<T>, some: Range<usize>, to: &mut Vec<u8>) -> bool {
            $(if let Some(items) = (items as &dyn Any).downcast_ref::<Vec<$number>>() {
                let start = to.len();
                to.resize(start + some.len() * size_of::<$number>(), 0);
                let (places, _) = to[start..].as_chunks_mut::<{ size_of::<$number>() }>();
                for (place, number) in places.iter_mut().zip(&items[some]) {
                    *place = number.to_ne_bytes();
                }
                return true;
            })*
            false
        }

        /// The numbers in these bytes; none if they cannot be such.
        pub(super) fn read<T: 'static>(bytes: &[u8]) -> Option<Vec<T>> {
            $(if TypeId::of::<T>() == TypeId::of::<$number>() {
                let (pieces, []) = bytes.as_chunks::<{ size_of::<$number>() }>() else { return None };
                let numbers: Vec<$number> = pieces.iter().map(|piece| <$number>::from_ne_bytes(*piece)).collect();
                return (&mut Some(numbers) as &mut dyn Any).downcast_mut::<Option<Vec<T>>>()?.take();
            })*
            None
        }
    };
}

numbers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were_and_nothing_else_is_taken_for_one() {
        let mut bytes = vec![1];
        assert!(write(&vec![7_i32, -8, i32::MAX, 3], 1..3, &mut bytes));
        assert_eq!(bytes.len(), 9);
        assert_eq!(read::<i32>(&bytes[1..]), Some(vec![-8, i32::MAX]));
        assert_eq!(read::<i32>(&bytes), None);
        assert!(write(&vec![f64::NAN, -0.0], 0..2, &mut bytes));
        let [nan, zero] = read::<f64>(&bytes[9..]).unwrap()[..] else { panic!("two numbers") };
        assert!(nan.is_nan() && zero.is_sign_negative());
        assert!(are::<u8>() && !are::<bool>() && !are::<String>());
        assert!(!write(&vec![true], 0..1, &mut bytes));
        assert_eq!(read::<bool>(&[1]), None);
    }
}
