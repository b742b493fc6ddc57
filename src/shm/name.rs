//! The name of a segment, in the handle itself: a handle without pointers can lie in shared
//! memory.
//!
//! Called by [`segment`](super::segment), which has found the name to be short enough.
//!
//! When a process dies here, nothing happens: a name in a handle is only a copy.

use crate::sys::object::LONGEST_NAME;

/// A name of at most [`LONGEST_NAME`] bytes.
#[derive(Clone)]
pub(super) struct Name {
    len: u8,
    bytes: [u8; LONGEST_NAME],
}

impl Name {
    /// This name; one that is too long is cut off.
    pub(super) fn new(name: &str) -> Name {
        const { assert!(LONGEST_NAME <= u8::MAX as usize) };
        let len = name.floor_char_boundary(LONGEST_NAME);
        let mut bytes = [0; LONGEST_NAME];
        bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
        Name { len: len as u8, bytes }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back() {
        for name in ["", "a", "größe", &"n".repeat(LONGEST_NAME)] {
            assert_eq!(Name::new(name).as_str(), name);
        }
        // Cut off between two letters, not inside of one.
        let long = "ö".repeat(LONGEST_NAME);
        assert_eq!(Name::new(&long).as_str(), &long[..LONGEST_NAME / 2 * 2]);
    }
}
