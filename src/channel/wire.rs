//! Values as messages: any serde type in postcard's form, and descriptors beside it.
//!
//! Called by [`Connection`](super::Connection) and by processes that start by execution.
//!
//! A value may have descriptors in it ([`Passed`](super::Passed) files and sockets,
//! connections, or memory): see [`luggage`](crate::shm).
//!
//! When a process dies here, the copies of the descriptors are closed with it.

use crate::Error;
use crate::shm::luggage;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::os::fd::OwnedFd;

/// The bytes of a value, and copies of the descriptors in it.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<(Vec<u8>, Vec<OwnedFd>), Error> {
    let (bytes, descriptors) = luggage::leaving(|| postcard::to_extend(value, Vec::with_capacity(64)));
    let bytes = bytes.map_err(|error| Error::Value { doing: "encoded", why: luggage::reason(&error) })?;
    Ok((bytes, descriptors))
}

/// The value that these bytes and descriptors are.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8], descriptors: Vec<OwnedFd>) -> Result<T, Error> {
    let wrong = |why: String| Error::Value { doing: "decoded", why };
    match luggage::coming(descriptors, || postcard::take_from_bytes::<T>(bytes)) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(wrong(format!("{} bytes are left over: it is of another type", rest.len()))),
        Err(error) => Err(wrong(luggage::reason(&error))),
    }
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
