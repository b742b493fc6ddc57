//! What may live in memory that several processes map.
//!
//! Required by [`Shared`](super::Shared) of its contents. Implemented here for plain
//! values and std's atomics, by `raw` and `sync` for their own types, and by
//! [`shareable!`](crate::shareable) for structs made of such.
//!
//! 1. A shareable value contains no address: every process may map it elsewhere, and
//!    what an address leads to in one process does not exist in another.
//! 2. It contains nothing that only one process can use, such as a join handle.
//! 3. Its bytes are all there is to it. Whether two processes may use them at the same
//!    time is said by `Sync`, as between threads.
//!
//! 4. What means the same to forked processes only, such as the address of a function, says so
//!    ([`FORK_ONLY`](Shareable::FORK_ONLY)), and so does all that contains it. The compiler
//!    refuses to give it to others.
//!
//! When a process dies, the bytes of a shareable value stay as it left them.

use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32,
    AtomicU64, AtomicUsize,
};

/// Values that mean the same to every process that maps their bytes.
///
/// Implement it with [`shareable!`](crate::shareable), which checks every field.
///
/// # Safety
/// The type contains no pointer, reference or handle that belongs to one process, and
/// its bytes are valid at any address in any process of the same program, or, with
/// [`FORK_ONLY`](Self::FORK_ONLY), in any that was forked from this one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot live in memory that processes share",
    label = "not shareable between processes",
    note = "pointers, references, `Box`, `Vec` and `String` lead into the memory of one process; \
            numbers, arrays `[T; N]`, tuples of up to four and most primitives of this crate do not",
    note = "declare a struct of your own inside the macro `shareable!`, which checks each field: \
            `shareable! {{ struct Stock {{ left: Value<u32> }} }}`; \
            it is `selvedge::shareable`, and part of `selvedge_harness::prelude`"
)]
pub unsafe trait Shareable: 'static {
    /// Whether its bytes mean something to forked processes only, and nothing to one that was
    /// executed anew: they may not be opened by name or sent.
    #[doc(hidden)]
    const FORK_ONLY: bool = false;
}

macro_rules! plain {
    ($($t:ty),* $(,)?) => {$(
        // SAFETY: bits without an address among them; the address-sized integers are
        // numbers to us, and only an unsafe block of somebody else's makes them more.
        unsafe impl Shareable for $t {}
    )*};
}

plain! {
    (), bool, char, f32, f64,
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize,
    AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize,
}

// SAFETY: addresses that only the owner of a lock follows, who wrote them itself.
unsafe impl Shareable for crate::sys::robust::Links {}
// SAFETY: an array is its elements.
unsafe impl<T: Shareable, const N: usize> Shareable for [T; N] {
    const FORK_ONLY: bool = T::FORK_ONLY;
}
// SAFETY: a cell is its value; that two tasks must not use it at a time, `Sync` says.
unsafe impl<T: Shareable> Shareable for std::cell::Cell<T> {
    const FORK_ONLY: bool = T::FORK_ONLY;
}
// SAFETY: an option is its value and a mark, or only the mark.
unsafe impl<T: Shareable> Shareable for Option<T> {
    const FORK_ONLY: bool = T::FORK_ONLY;
}
// SAFETY: a tuple is its elements.
unsafe impl<A: Shareable> Shareable for (A,) {
    const FORK_ONLY: bool = A::FORK_ONLY;
}
// SAFETY: a tuple is its elements.
unsafe impl<A: Shareable, B: Shareable> Shareable for (A, B) {
    const FORK_ONLY: bool = A::FORK_ONLY || B::FORK_ONLY;
}
// SAFETY: a tuple is its elements.
unsafe impl<A: Shareable, B: Shareable, C: Shareable> Shareable for (A, B, C) {
    const FORK_ONLY: bool = <(A, B)>::FORK_ONLY || C::FORK_ONLY;
}
// SAFETY: a tuple is its elements.
unsafe impl<A: Shareable, B: Shareable, C: Shareable, D: Shareable> Shareable for (A, B, C, D) {
    const FORK_ONLY: bool = <(A, B)>::FORK_ONLY || <(C, D)>::FORK_ONLY;
}

/// Does not compile for a type that is not shareable: what [`shareable!`] checks with.
///
/// [`shareable!`]: crate::shareable
#[doc(hidden)]
pub const fn check_shareable<T: Shareable>() {}

/// Declares structs that may live in shared memory, and checks that each field may.
///
/// Takes one or more structs with named fields, with at most one type parameter, which
/// has one bound and, if wanted, a default. Implements [`Shareable`](crate::shm::Shareable)
/// for each.
///
/// ```
/// use selvedge::{Mutex, Shared, shareable};
///
/// shareable! {
///     /// Tickets for one train.
///     pub struct Stock {
///         pub left: Mutex<u32>,
///         pub seats: [u8; 16],
///     }
/// }
///
/// let stock = Shared::new(Stock { left: Mutex::new(5), seats: [0; 16] });
/// assert_eq!(*stock.left.lock().unwrap(), 5);
/// ```
///
/// Generic over the platform, the same struct can be checked:
///
/// ```
/// use selvedge::{platform::{Native, Tasks}, shareable, sync::Mutex};
///
/// shareable! {
///     pub struct Stock<P: Tasks = Native> {
///         pub left: Mutex<u32, P>,
///     }
///     struct Pair { one: u32, two: Stock }
/// }
/// ```
///
/// What leads into the memory of one process is refused:
///
/// ```compile_fail,E0277
/// selvedge::shareable! { struct Note { text: String } }
/// ```
/// ```compile_fail,E0277
/// selvedge::shareable! { struct List { next: Option<Box<u32>> } }
/// ```
/// ```compile_fail,E0277
/// selvedge::shareable! { struct View { of: &'static u32 } }
/// ```
#[macro_export]
macro_rules! shareable {
    ($(
        $(#[$attribute:meta])*
        $vis:vis struct $name:ident $(<$param:ident : $bound:path $(= $default:ty)?>)? {
            $( $(#[$field_attribute:meta])* $field_vis:vis $field:ident : $field_type:ty ),* $(,)?
        }
    )*) => {$(
        $(#[$attribute])*
        $vis struct $name $(<$param: $bound $(= $default)?>)? {
            $( $(#[$field_attribute])* $field_vis $field: $field_type ),*
        }

        const _: () = {
            #[allow(dead_code)]
            fn every_field_is_shareable $(<$param: $bound>)? () {
                $( $crate::shm::check_shareable::<$field_type>(); )*
            }
        };

        // SAFETY: a struct is its fields, and the function above compiles only if each
        // of them is shareable.
        unsafe impl $(<$param: $bound>)? $crate::shm::Shareable for $name $(<$param>)? {
            const FORK_ONLY: bool = false $(|| <$field_type as $crate::shm::Shareable>::FORK_ONLY)*;
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::Shareable;
    use std::sync::atomic::AtomicU32;

    crate::shareable! {
        #[derive(Debug)]
        struct Plain { number: u32, pairs: [(u8, i64); 3], }
        struct Generic<T: Shareable = AtomicU32> { inner: T, plain: Option<Plain> }
        #[allow(dead_code)]
        pub(super) struct Empty {}
    }

    #[test]
    fn a_declared_struct_is_shareable() {
        super::check_shareable::<Generic>();
        super::check_shareable::<Option<Plain>>();
        super::check_shareable::<Empty>();
        let plain = Plain { number: 1, pairs: [(1, 1); 3] };
        assert_eq!(plain.number + u32::from(plain.pairs[0].0), 2);
        let generic = Generic { inner: [1_u8; 2], plain: Some(plain) };
        assert!(generic.inner == [1, 1] && generic.plain.is_some());
    }
}
