//! A file or socket as part of a message.
//!
//! Used by programs inside the values that they send through a two-way pipe, a Unix
//! connection, or to a process that is started.
//!
//! When the receiver dies before it received the message, the copy in it is closed by the
//! operating system.
//!
//! Source: unix(7), `SCM_RIGHTS`.

use crate::shm::luggage;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::os::fd::{AsFd, OwnedFd};

/// Anything made of one descriptor, on its way into another process: that gets a copy of
/// the descriptor, for the same open file.
///
/// ```
/// use selvedge::channel::Passed;
/// use selvedge::pipe;
/// use std::fs::File;
///
/// let (left, mut right) = pipe(true)?;
/// left.send(&("notes", Passed(File::open("/dev/null").unwrap())))?;
/// let (name, Passed(file)): (String, Passed<File>) = right.recv()?;
/// assert_eq!((name.as_str(), file.metadata().unwrap().len()), ("notes", 0));
/// # Ok::<(), selvedge::Error>(())
/// ```
#[doc(alias = "send_handle")]
#[derive(Debug)]
pub struct Passed<T>(pub T);

impl<T: AsFd> Serialize for Passed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(luggage::leave("a descriptor", self.0.as_fd())?)
    }
}

impl<'de, T: From<OwnedFd>> Deserialize<'de> for Passed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let place = u32::deserialize(deserializer)?;
        Ok(Passed(luggage::arrive::<D::Error>(place)?.into()))
    }
}
