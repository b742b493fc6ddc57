//! What goes beside the bytes of a message: descriptors.
//!
//! Called by whatever has a descriptor in it as it is encoded or decoded (files, connections,
//! and [memory](super::carried)), and by [`wire`](crate::channel), which sends what was left
//! here and brings what has come.
//!
//! While a value is encoded, each descriptor in it is copied onto a list of this thread, and
//! its place there is written; while one is decoded, each is taken from the list that came.
//!
//! 1. Outside of such an encoding or decoding there is no list, and a value with a descriptor
//!    in it can neither be written nor read.
//! 2. Why it cannot is kept for the thread's next question, because the error of a format may
//!    have no room for words: that of postcard has none.
//!
//! When a process dies here, the copies are closed with it.

use serde::{de, ser};
use std::cell::RefCell;
use std::fmt::Display;
use std::os::fd::{AsFd, OwnedFd};
use std::thread::LocalKey;

thread_local! {
    static LEAVING: RefCell<Option<Vec<OwnedFd>>> = const { RefCell::new(None) };
    static COMING: RefCell<Option<Vec<Option<OwnedFd>>>> = const { RefCell::new(None) };
    static REFUSED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The list of a thread while a value is encoded or decoded; then the one from before is back,
/// also after a panic.
struct Turn<T: 'static> {
    list: &'static LocalKey<RefCell<Option<T>>>,
    before: Option<T>,
}

impl<T> Turn<T> {
    fn begin(list: &'static LocalKey<RefCell<Option<T>>>, with: T) -> Self {
        REFUSED.take();
        Turn { list, before: list.replace(Some(with)) }
    }
}

impl<T> Drop for Turn<T> {
    fn drop(&mut self) {
        self.list.set(self.before.take());
    }
}

/// What encodes a value, and copies of the descriptors that were left meanwhile.
pub(crate) fn leaving<R>(encode: impl FnOnce() -> R) -> (R, Vec<OwnedFd>) {
    let _turn = Turn::begin(&LEAVING, Vec::new());
    let encoded = encode();
    (encoded, LEAVING.take().unwrap_or_default())
}

/// What decodes a value that came with these descriptors.
pub(crate) fn coming<R>(descriptors: Vec<OwnedFd>, decode: impl FnOnce() -> R) -> R {
    let _turn = Turn::begin(&COMING, descriptors.into_iter().map(Some).collect());
    decode()
}

/// While a value is encoded: puts a copy of a descriptor of `what` on the list and returns its
/// place.
pub(crate) fn leave<E: ser::Error>(what: &str, fd: impl AsFd) -> Result<u32, E> {
    if LEAVING.with_borrow(Option::is_none) {
        return Err(cannot_leave(format!(
            "{what} goes to a process that is started for an entry, or through a two-way pipe or a Unix \
             connection, and nowhere else; a closure that is forked, or prepares a pool's workers, \
             captures it"
        )));
    }
    let copy = fd.as_fd().try_clone_to_owned().map_err(|error| cannot_leave(error.to_string()))?;
    Ok(LEAVING.with_borrow_mut(|list| {
        let list = list.get_or_insert_default();
        list.push(copy);
        list.len() as u32 - 1
    }))
}

/// While a value is decoded: takes the descriptor at this place.
pub(crate) fn arrive<E: de::Error>(place: u32) -> Result<OwnedFd, E> {
    COMING.with_borrow_mut(|list| {
        let fd = list.as_mut().and_then(|list| list.get_mut(place as usize)?.take());
        fd.ok_or_else(|| cannot_arrive("a descriptor did not come with the message".to_owned()))
    })
}

/// The error of a value that cannot be encoded.
pub(crate) fn cannot_leave<E: ser::Error>(why: String) -> E {
    let error = E::custom(&why);
    refuse(&error, why);
    error
}

/// The error of a value that cannot be decoded.
pub(crate) fn cannot_arrive<E: de::Error>(why: String) -> E {
    let error = E::custom(&why);
    refuse(&error, why);
    error
}

fn refuse(error: &impl Display, why: String) {
    if !error.to_string().contains(&why) {
        REFUSED.set(Some(why));
    }
}

/// Why the encoding or decoding that ended with this error did: in words, if there are some.
pub(crate) fn reason(error: &impl Display) -> String {
    REFUSED.take().unwrap_or_else(|| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{leave, leaving};
    use std::io;
    use std::panic::catch_unwind;

    #[test]
    fn after_a_panic_nothing_can_be_left() {
        catch_unwind(|| leaving(|| panic!("a value that cannot be written"))).unwrap_err();
        assert!(leave::<postcard::Error>("a file", io::stderr()).is_err());
        let (place, left) = leaving(|| leave::<postcard::Error>("a file", io::stderr()));
        assert_eq!((place, left.len()), (Ok(0), 1));
    }
}
