//! What a [`Value`](super::Value) or an [`Array`](super::Array) can hold: numbers that
//! fit into an atomic word.
//!
//! Called by those two types only; the set of elements is closed.
//!
//! | elements | stored in |
//! |---|---|
//! | `u8`, `i8`, `bool` | an 8-bit word |
//! | `u16`, `i16` | a 16-bit word |
//! | `u32`, `i32`, `f32` | a 32-bit word |
//! | `u64`, `i64`, `usize`, `isize`, `f64` | a 64-bit word |
//!
//! 1. `from_bits(to_bits(x))` is `x`, bit for bit.
//! 2. Adding the bits of two [`Integer`]s adds the integers, wrapping around.
//!
//! When a process dies, a word holds the old number or the new one, never a mixture.

use crate::platform::{Atomic, Observe, Platform};
use std::any::Any;

mod sealed {
    pub trait Sealed {}
}

/// A number that fits into an atomic word.
pub trait Element: sealed::Sealed + Copy + Send + Sync + 'static {
    /// An unsigned integer of the same width.
    type Bits: Copy + Send + Sync + Into<u64> + 'static;
    /// The word of that width on a platform.
    type Cell<P: Platform>: Atomic<Self::Bits>;
    /// Zero, or `false`.
    const ZERO: Self;
    /// The number as its word holds it.
    fn to_bits(self) -> Self::Bits;
    /// The number that a word holds.
    fn from_bits(bits: Self::Bits) -> Self;
}

/// An [`Element`] that can be added to in one indivisible action.
pub trait Integer: Element {}

/// An [`Element`] as wide as the words that guards look at: one that can be waited for.
pub trait Word: Element<Bits = u32> {}

impl Word for u32 {}
impl Word for i32 {}

/// What a method came to, and the number by which a trace shows it.
pub(super) struct Shown<R>(pub(super) R, pub(super) u64);

impl<R> Observe for Shown<R> {
    fn observed(&self) -> u64 {
        self.1
    }
}

/// The same of what was done with the entry of a key.
pub(super) struct Keyed<'k, R, K>(pub(super) Shown<R>, pub(super) &'k K);

impl<R, K: 'static> Observe for Keyed<'_, R, K> {
    fn observed(&self) -> u64 {
        self.0.observed()
    }

    fn part(&self) -> Option<u64> {
        number_of(self.1)
    }
}

/// A number as a trace shows it: by its bits.
pub(super) struct Seen<T>(pub(super) T);

impl<T: Element> Observe for Seen<T> {
    fn observed(&self) -> u64 {
        self.0.to_bits().into()
    }
}

macro_rules! number_of {
    ($($t:ty)*) => {
        /// A value of any type as a trace shows it: a number by its bits. Of what is none, the
        /// bits are not ours to look at.
        pub(super) fn number_of<T: 'static>(value: &T) -> Option<u64> {
            let value: &dyn Any = value;
            $(if let Some(number) = value.downcast_ref::<$t>() {
                return Some(Seen(*number).observed());
            })*
            None
        }
    };
}

number_of!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize bool f32 f64);

/// A value of any type as a trace shows it: a number by its bits, and everything else as 0.
pub(super) fn shown<T: 'static>(value: &T) -> u64 {
    number_of(value).unwrap_or(0)
}

/// The same of a value that may be missing: that is shown as -1.
pub(super) fn shown_if<T: 'static>(value: Option<&T>) -> u64 {
    value.map_or(u64::MAX, shown)
}

macro_rules! integers {
    ($($t:ty as $bits:ty => $cell:ident),* $(,)?) => {$(
        impl sealed::Sealed for $t {}
        impl Integer for $t {}
        impl Element for $t {
            type Bits = $bits;
            type Cell<P: Platform> = P::$cell;
            const ZERO: Self = 0;
            // Same width, other sign: the bits stay.
            #[inline(always)]
            #[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::unnecessary_cast)]
            #[allow(clippy::cast_possible_truncation, clippy::cast_lossless)]
            fn to_bits(self) -> $bits { self as $bits }
            #[inline(always)]
            #[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::unnecessary_cast)]
            #[allow(clippy::cast_possible_truncation, clippy::cast_lossless)]
            fn from_bits(bits: $bits) -> $t { bits as $t }
        }
    )*};
}

integers! {
    u8 as u8 => AtomicU8, i8 as u8 => AtomicU8,
    u16 as u16 => AtomicU16, i16 as u16 => AtomicU16,
    u32 as u32 => AtomicU32, i32 as u32 => AtomicU32,
    u64 as u64 => AtomicU64, i64 as u64 => AtomicU64,
    usize as u64 => AtomicU64, isize as u64 => AtomicU64,
}

macro_rules! others {
    ($($t:ty as $bits:ty => $cell:ident: $zero:expr, $to:expr, $from:expr;)*) => {$(
        impl sealed::Sealed for $t {}
        impl Element for $t {
            type Bits = $bits;
            type Cell<P: Platform> = P::$cell;
            const ZERO: Self = $zero;
            #[inline(always)]
            fn to_bits(self) -> $bits { $to(self) }
            #[inline(always)]
            fn from_bits(bits: $bits) -> $t { $from(bits) }
        }
    )*};
}

others! {
    bool as u8 => AtomicU8: false, u8::from, |bits| bits != 0;
    f32 as u32 => AtomicU32: 0.0, f32::to_bits, f32::from_bits;
    f64 as u64 => AtomicU64: 0.0, f64::to_bits, f64::from_bits;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back<T: Element>(value: T) -> T {
        T::from_bits(value.to_bits())
    }

    #[test]
    fn every_element_survives_its_word() {
        assert_eq!((back(-1i8), back(i16::MIN), back(-7i32), back(i64::MIN)), (-1, i16::MIN, -7, i64::MIN));
        assert_eq!((back(usize::MAX), back(isize::MIN), back(true)), (usize::MAX, isize::MIN, true));
        assert_eq!((back(-0.5f32), back(f64::MAX)), (-0.5, f64::MAX));
        assert_eq!(Seen(-1i8).observed(), 255);
        assert_eq!((shown(&-1i8), shown(&1.0f64), shown(&true)), (255, 1.0f64.to_bits(), 1));
        assert_eq!((shown(&[7u8]), shown_if::<u8>(None), shown_if(Some(&7u8))), (0, u64::MAX, 7));
    }
}
