//! How an item becomes bytes in shared memory, and an item again.
//!
//! Called by [`Queue`](super::Queue).
//!
//! | codec | items | bytes | read in place |
//! |---|---|---|---|
//! | [`Serial`] | any that serde can serialise | [postcard](https://docs.rs/postcard)'s | as bytes |
//! | [`Plain`] | `Copy`, `Send` and [`Shareable`] | its own | as it is |
//!
//! 1. Encoding is done before any lock is taken, decoding while the getters' lock is held:
//!    from the queue's memory, without a copy in between.
//! 2. Only items that were put completely are ever decoded, and by the same type.
//!
//! When a process dies here, what it had encoded goes with it.

use super::store::Item;
use crate::shm::{Shareable, luggage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// How items become bytes and items again.
pub trait Codec<T>: 'static {
    /// What a reader in place gets to see.
    type View: ?Sized;
    /// The length of every item, where it is always the same.
    const EACH: Option<usize>;
    /// Whether it makes keys.
    const KEYS: bool;

    /// An encoded item, with a key where it is to be put in order.
    ///
    /// # Errors
    /// Why it cannot be encoded.
    fn encode(item: &T, keyed: bool) -> Result<impl Item, String>;

    /// The item in these bytes.
    ///
    /// # Errors
    /// Why they cannot be decoded.
    ///
    /// # Safety
    /// At `from`, aligned to 8, lie `len` bytes that an encoded item of this type wrote.
    unsafe fn decode(from: *const u8, len: usize) -> Result<T, String>;

    /// The item in these bytes, in place.
    ///
    /// # Safety
    /// As for [`decode`](Codec::decode); and they stay as they are meanwhile.
    unsafe fn view<R>(from: *const u8, len: usize, read: impl FnOnce(&Self::View) -> R) -> R;
}

/// Items that serde can serialise.
#[derive(Clone, Copy, Debug)]
pub enum Serial {}

/// Items that are their bytes.
#[derive(Clone, Copy, Debug)]
pub enum Plain {}

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer that the thread uses again.
struct Scratch {
    bytes: Vec<u8>,
    key: Vec<u8>,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        SCRATCH.set(std::mem::take(&mut self.bytes));
    }
}

impl Item for Scratch {
    #[inline]
    fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn key(&self) -> &[u8] {
        &self.key
    }

    #[inline]
    unsafe fn write(&mut self, to: *mut u8) {
        // SAFETY: the caller's promise; a buffer of this process is not in shared memory.
        unsafe { to.copy_from_nonoverlapping(self.bytes.as_ptr(), self.bytes.len()) };
    }
}

impl<T: Serialize + DeserializeOwned> Codec<T> for Serial {
    type View = [u8];
    const EACH: Option<usize> = None;
    const KEYS: bool = true;

    fn encode(item: &T, keyed: bool) -> Result<impl Item, String> {
        let mut bytes = SCRATCH.take();
        bytes.clear();
        let bytes = postcard::to_extend(item, bytes).map_err(|error| luggage::reason(&error))?;
        let key = if keyed { super::key::of(item)? } else { Vec::new() };
        Ok(Scratch { bytes, key })
    }

    #[inline]
    unsafe fn decode(from: *const u8, len: usize) -> Result<T, String> {
        // SAFETY: the caller's promise.
        let bytes = unsafe { std::slice::from_raw_parts(from, len) };
        postcard::from_bytes(bytes).map_err(|error| luggage::reason(&error))
    }

    #[inline]
    unsafe fn view<R>(from: *const u8, len: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: the caller's promise.
        read(unsafe { std::slice::from_raw_parts(from, len) })
    }
}

/// A plain item on its way into the queue.
struct Bits<'a, T>(&'a T);

impl<T: Copy> Item for Bits<'_, T> {
    #[inline(always)]
    fn bytes(&self) -> usize {
        size_of::<T>()
    }

    #[inline(always)]
    unsafe fn write(&mut self, to: *mut u8) {
        // SAFETY: the caller's promise; what is borrowed here is not in the queue's memory.
        unsafe { to.cast::<T>().copy_from_nonoverlapping(self.0, 1) };
    }
}

impl<T: Copy + Send + Shareable> Codec<T> for Plain {
    type View = T;
    const EACH: Option<usize> = Some(size_of::<T>());
    const KEYS: bool = false;

    #[inline(always)]
    fn encode(item: &T, _keyed: bool) -> Result<impl Item, String> {
        const { assert!(align_of::<T>() <= 8, "items lie at multiples of 8 bytes") };
        Ok(Bits(item))
    }

    #[inline(always)]
    unsafe fn decode(from: *const u8, _len: usize) -> Result<T, String> {
        // SAFETY: the caller's promise: an item of this type was written there.
        Ok(unsafe { from.cast::<T>().read() })
    }

    #[inline(always)]
    unsafe fn view<R>(from: *const u8, _len: usize, read: impl FnOnce(&T) -> R) -> R {
        // SAFETY: as in `decode`.
        read(unsafe { &*from.cast::<T>() })
    }
}

/// An item that is written in place.
pub(super) struct InPlace<T, F> {
    fill: Option<F>,
    item: PhantomData<T>,
}

impl<T, F: FnOnce(&mut MaybeUninit<T>) -> &mut T> InPlace<T, F> {
    pub(super) fn new(fill: F) -> Self {
        InPlace { fill: Some(fill), item: PhantomData }
    }
}

impl<T: Copy, F: FnOnce(&mut MaybeUninit<T>) -> &mut T> Item for InPlace<T, F> {
    fn bytes(&self) -> usize {
        size_of::<T>()
    }

    unsafe fn write(&mut self, to: *mut u8) {
        const { assert!(align_of::<T>() <= 8, "items lie at multiples of 8 bytes") };
        if let Some(fill) = self.fill.take() {
            // SAFETY: the caller's promise: room for a `T` that nobody else uses.
            let place = unsafe { &mut *to.cast::<MaybeUninit<T>>() };
            let written = std::ptr::from_mut(fill(place)).cast::<u8>();
            assert!(std::ptr::eq(written, to), "the closure returns the place that it was given");
        }
    }
}
