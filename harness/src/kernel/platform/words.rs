//! Checked atomic words: the native word, and a scheduling point before each access
//! that is not part of a larger step.
//!
//! After every access that may have written, the kernel looks again at the tasks
//! that wait for this word; that is one test of a filter when nobody does. A word that is
//! dropped says so: what comes to lie there is another object.

use super::checked::perform;
use crate::kernel::Kernel;
use crate::kernel::causality::order::Access;
use crate::kernel::data::current;
use crate::kernel::data::state::{INSIDE, RACES};
use crate::kernel::schedule::lives;
use selvedge::platform::{Atomic, Kind, Op};
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

macro_rules! checked_words {
    ($($name:ident: $native:ident, $value:ident;)*) => {$(
        #[doc = concat!("A checked [`", stringify!($native), "`], with its layout.")]
        #[derive(Debug, Default)]
        #[repr(transparent)]
        pub struct $name($native);

        // SAFETY: it is the native word, which means the same to every process.
        unsafe impl selvedge::Shareable for $name {}

        impl Drop for $name {
            #[inline(always)]
            fn drop(&mut self) {
                lives::end(self.address());
            }
        }

        impl $name {
            #[inline(always)]
            #[allow(dead_code, reason = "only futex words are looked at from outside")]
            pub(in crate::kernel) fn native(&self) -> &$native {
                &self.0
            }

            #[inline(always)]
            pub(in crate::kernel) fn address(&self) -> usize {
                std::ptr::from_ref(self) as usize
            }

            #[inline(always)]
            pub(in crate::kernel) fn reads<R: selvedge::platform::Observe>(&self, name: &'static str, order: Ordering, access: impl FnOnce(&$native) -> R) -> R {
                match watched() {
                    None | Some((_, INSIDE)) => access(&self.0),
                    // SAFETY: `watched` returned the current kernel.
                    Some((kernel, quiet)) => unsafe {
                        let look = || access(&self.0);
                        observed(kernel, quiet, Kind::Read, name, self.address(), look, |_| Access::Load(order))
                    },
                }
            }

            #[inline(always)]
            pub(in crate::kernel) fn changes<R: selvedge::platform::Observe>(
                &self,
                kind: Kind,
                name: &'static str,
                effect: impl FnOnce(&R) -> Access,
                access: impl FnOnce(&$native) -> R,
            ) -> R {
                match watched() {
                    None => access(&self.0),
                    Some((kernel, INSIDE)) => {
                        let result = access(&self.0);
                        // SAFETY: `watched` returned the current kernel.
                        unsafe { (*kernel).touch(self.address()) };
                        result
                    }
                    // SAFETY: as above.
                    Some((kernel, quiet)) => unsafe {
                        let change = || {
                            let result = access(&self.0);
                            (*kernel).touch(self.address());
                            result
                        };
                        observed(kernel, quiet, kind, name, self.address(), change, effect)
                    },
                }
            }
        }

        impl Atomic<$value> for $name {
            #[inline(always)]
            fn new(value: $value) -> Self {
                $name($native::new(value))
            }
            #[inline(always)]
            fn load(&self, order: Ordering) -> $value {
                self.reads("load", order, |word| word.load(order))
            }
            #[inline(always)]
            fn store(&self, value: $value, order: Ordering) {
                self.changes(Kind::Write, "store", |_| Access::Store(order), |word| { word.store(value, order); value });
            }
            #[inline(always)]
            fn swap(&self, value: $value, order: Ordering) -> $value {
                self.changes(Kind::ReadWrite, "swap", |_| Access::Change(order), |word| word.swap(value, order))
            }
            #[inline(always)]
            fn compare_exchange(&self, current: $value, new: $value, success: Ordering, failure: Ordering) -> Result<$value, $value> {
                self.changes(
                    Kind::ReadWrite,
                    "compare_exchange",
                    |result: &Result<$value, $value>| exchange(result.is_ok(), success, failure),
                    |word| word.compare_exchange(current, new, success, failure),
                )
            }
            #[inline(always)]
            fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.changes(Kind::ReadWrite, "fetch_add", |_| Access::Change(order), |word| word.fetch_add(value, order))
            }
            #[inline(always)]
            fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                self.changes(Kind::ReadWrite, "fetch_sub", |_| Access::Change(order), |word| word.fetch_sub(value, order))
            }
            #[inline(always)]
            fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                self.changes(Kind::ReadWrite, "fetch_or", |_| Access::Change(order), |word| word.fetch_or(value, order))
            }
            #[inline(always)]
            fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                self.changes(Kind::ReadWrite, "fetch_and", |_| Access::Change(order), |word| word.fetch_and(value, order))
            }
        }
    )*};
}

checked_words! {
    CheckedU8: AtomicU8, u8;
    CheckedU16: AtomicU16, u16;
    CheckedU32: AtomicU32, u32;
    CheckedU64: AtomicU64, u64;
}

/// The effect of a compare-and-exchange.
pub(in crate::kernel) fn exchange(done: bool, success: Ordering, failure: Ordering) -> Access {
    if done { Access::Change(success) } else { Access::Load(failure) }
}

/// The current kernel, and what keeps an access from being a step, or from nothing but that.
#[inline(always)]
fn watched() -> Option<(*mut Kernel, u8)> {
    let kernel = current::get();
    if kernel.is_null() {
        return None;
    }
    // SAFETY: a current kernel is alive, and the caller has the turn.
    Some((kernel, unsafe { (*kernel).quiet } & (INSIDE | RACES)))
}

/// An access that is a step, or whose ordering counts.
///
/// # Safety
/// `kernel` is the current kernel.
#[inline(never)]
unsafe fn observed<R: selvedge::platform::Observe>(
    kernel: *mut Kernel,
    quiet: u8,
    kind: Kind,
    name: &'static str,
    address: usize,
    access: impl FnOnce() -> R,
    effect: impl FnOnce(&R) -> Access,
) -> R {
    let ordered = || {
        let result = access();
        // Asked now: others may have run before.
        // SAFETY: the caller's promise.
        unsafe {
            if (*kernel).keeps_order() {
                (*kernel).order_word(address, effect(&result));
            }
        }
        result
    };
    if quiet & INSIDE != 0 {
        return ordered();
    }
    // SAFETY: the caller's promise.
    let site = unsafe { (*kernel).site() };
    // SAFETY: the caller's promise.
    unsafe { perform(kernel, || Op::new(kind, name, address, site), ordered) }
}
