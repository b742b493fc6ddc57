//! The secret that a family of processes shares, by which they know each other over a
//! socket.
//!
//! Kept by each process's [`current`](super::current); used by listeners and clients.
//!
//! 1. The main process draws it at random, once, before it starts its first child.
//! 2. A child has its parent's, unless it was given another one before its start.
//! 3. Under a scheduler nothing is drawn: the first process of an exploration has the
//!    same key in every run.
//!
//! When a process dies, its children still have theirs.

use crate::sys::random;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Bytes that only one family of processes knows; 32 random ones unless given.
#[derive(Clone)]
pub struct AuthKey(Bytes);

#[derive(Clone)]
enum Bytes {
    Given(Arc<[u8]>),
    /// Not counted, because to count would be to write where nobody else does: see
    /// [`family::enter`](super::family::enter).
    Fixed(&'static [u8]),
}

impl AuthKey {
    /// A key of one's own choice, for processes that do not descend from each other.
    #[must_use]
    pub fn new(bytes: &[u8]) -> AuthKey {
        AuthKey(Bytes::Given(bytes.into()))
    }

    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Given(bytes) => bytes,
            Bytes::Fixed(bytes) => bytes,
        }
    }

    /// The key of this program.
    pub(super) fn of_program() -> AuthKey {
        static KEY: OnceLock<AuthKey> = OnceLock::new();
        KEY.get_or_init(|| AuthKey::new(&random::bytes::<32>())).clone()
    }

    /// The key of every exploration.
    pub(super) fn of_exploration() -> AuthKey {
        AuthKey(Bytes::Fixed(b"the same secret, time after time"))
    }
}

impl PartialEq for AuthKey {
    fn eq(&self, other: &AuthKey) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for AuthKey {}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A secret does not belong in a log.
        write!(f, "AuthKey({} bytes)", self.as_bytes().len())
    }
}
