//! Values as messages: any serde type in postcard's form, and descriptors beside it.
//!
//! Called by [`Connection`](super::Connection) and by processes that start by execution.
//!
//! A value may have descriptors in it ([`Passed`](super::Passed) files and sockets, or
//! connections). They are not bytes: while a value is encoded, each is copied onto a list
//! of this thread, and its place there is written; while it is decoded, each is taken
//! from the list that came.
//!
//! 1. Outside of an encoding or decoding there is no list, and a value with a descriptor
//!    in it cannot be written in any other format.
//!
//! When a process dies here, the copies are closed with it.

use crate::Error;
use serde::de::DeserializeOwned;
use serde::{Serialize, de, ser};
use std::cell::RefCell;
use std::os::fd::{AsFd, OwnedFd};

thread_local! {
    static LEAVING: RefCell<Option<Vec<OwnedFd>>> = const { RefCell::new(None) };
    static COMING: RefCell<Option<Vec<Option<OwnedFd>>>> = const { RefCell::new(None) };
}

/// The bytes of a value, and copies of the descriptors in it.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<(Vec<u8>, Vec<OwnedFd>), Error> {
    let before = LEAVING.replace(Some(Vec::new()));
    let bytes = postcard::to_extend(value, Vec::with_capacity(64));
    let descriptors = LEAVING.replace(before).unwrap_or_default();
    let bytes = bytes.map_err(|error| Error::Value { doing: "encoded", why: error.to_string() })?;
    Ok((bytes, descriptors))
}

/// The value that these bytes and descriptors are.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], descriptors: Vec<OwnedFd>) -> Result<T, Error> {
    let wrong = |why: String| Error::Value { doing: "decoded", why };
    let before = COMING.replace(Some(descriptors.into_iter().map(Some).collect()));
    let value = postcard::take_from_bytes::<T>(bytes);
    COMING.set(before);
    match value {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(wrong(format!("{} bytes are left over: it is of another type", rest.len()))),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// While a value is encoded: puts a copy of a descriptor on the list and returns its place.
pub(crate) fn leave<E: ser::Error>(fd: impl AsFd) -> Result<u32, E> {
    let copy = fd.as_fd().try_clone_to_owned().map_err(E::custom)?;
    LEAVING.with_borrow_mut(|list| match list {
        Some(list) => {
            list.push(copy);
            Ok(list.len() as u32 - 1)
        }
        None => Err(E::custom("a descriptor can only be sent through a connection")),
    })
}

/// While a value is decoded: takes the descriptor at this place.
pub(crate) fn arrive<E: de::Error>(place: u32) -> Result<OwnedFd, E> {
    COMING.with_borrow_mut(|list| {
        let fd = list.as_mut().and_then(|list| list.get_mut(place as usize)?.take());
        fd.ok_or_else(|| E::custom("a descriptor did not come with the message"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back() {
        let value = (7_u8, "text".to_owned(), vec![Some(1.5), None]);
        let (bytes, descriptors) = encode(&value).unwrap();
        assert!(descriptors.is_empty());
        assert_eq!(decode::<(u8, String, Vec<Option<f64>>)>(&bytes, Vec::new()).unwrap(), value);
    }

    #[test]
    fn another_type_is_an_error() {
        let (bytes, _) = encode(&(1_u8, 2_u8)).unwrap();
        let error = decode::<u8>(&bytes, Vec::new()).unwrap_err().to_string();
        assert!(error.contains("1 bytes are left over"), "{error}");
        assert!(decode::<(u8, String)>(&bytes, Vec::new()).is_err());
    }
}
