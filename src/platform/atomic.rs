//! The atomic words of a platform, behind one trait.
//!
//! `std`'s atomics, the harness's checked atomics and loom's atomics implement
//! [`Atomic`], so a state machine in `raw` is written once. Orderings are passed
//! through: the platform never strengthens them.
//!
//! When a process dies between two of these calls, the word keeps the last value
//! written: that is the only guarantee, and what robust primitives build on.

use std::sync::atomic::Ordering;

/// An atomic cell holding a `V`.
pub trait Atomic<V: Copy>: Send + Sync {
    /// A new cell holding `value`.
    fn new(value: V) -> Self;
    /// Reads the cell.
    fn load(&self, order: Ordering) -> V;
    /// Writes the cell.
    fn store(&self, value: V, order: Ordering);
    /// Writes the cell and returns what it held.
    fn swap(&self, value: V, order: Ordering) -> V;
    /// Writes `new` if the cell holds `current`; returns what it held, as `Err`
    /// if it was something else.
    fn compare_exchange(&self, current: V, new: V, success: Ordering, failure: Ordering) -> Result<V, V>;
    /// Adds, wrapping around, and returns what the cell held.
    fn fetch_add(&self, value: V, order: Ordering) -> V;
    /// Subtracts, wrapping around, and returns what the cell held.
    fn fetch_sub(&self, value: V, order: Ordering) -> V;
    /// Sets bits and returns what the cell held.
    fn fetch_or(&self, value: V, order: Ordering) -> V;
    /// Keeps only the bits of `value` and returns what the cell held.
    fn fetch_and(&self, value: V, order: Ordering) -> V;
}

/// Implements [`Atomic`] by calling the inherent methods of the same names.
macro_rules! forward {
    ($($atomic:ty => $value:ty),* $(,)?) => {$(
        impl Atomic<$value> for $atomic {
            #[inline(always)]
            fn new(value: $value) -> Self { <$atomic>::new(value) }
            #[inline(always)]
            fn load(&self, order: Ordering) -> $value { <$atomic>::load(self, order) }
            #[inline(always)]
            fn store(&self, value: $value, order: Ordering) { <$atomic>::store(self, value, order) }
            #[inline(always)]
            fn swap(&self, value: $value, order: Ordering) -> $value { <$atomic>::swap(self, value, order) }
            #[inline(always)]
            fn compare_exchange(&self, current: $value, new: $value, success: Ordering, failure: Ordering) -> Result<$value, $value> {
                <$atomic>::compare_exchange(self, current, new, success, failure)
            }
            #[inline(always)]
            fn fetch_add(&self, value: $value, order: Ordering) -> $value { <$atomic>::fetch_add(self, value, order) }
            #[inline(always)]
            fn fetch_sub(&self, value: $value, order: Ordering) -> $value { <$atomic>::fetch_sub(self, value, order) }
            #[inline(always)]
            fn fetch_or(&self, value: $value, order: Ordering) -> $value { <$atomic>::fetch_or(self, value, order) }
            #[inline(always)]
            fn fetch_and(&self, value: $value, order: Ordering) -> $value { <$atomic>::fetch_and(self, value, order) }
        }
    )*};
}

forward! {
    std::sync::atomic::AtomicU8 => u8,
    std::sync::atomic::AtomicU16 => u16,
    std::sync::atomic::AtomicU32 => u32,
    std::sync::atomic::AtomicU64 => u64,
}
